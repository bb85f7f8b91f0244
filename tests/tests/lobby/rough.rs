//! How rough a world is: drawn once from its seed. `one in n` numbers are 0 where it never happens.

use crate::chance::Chance;

#[derive(Debug, Clone)]
pub struct Rough {
    pub people: usize,
    /// Which queues there are.
    pub queues: [&'static str; 2],
    /// Pairs who block each other.
    pub blocks: usize,
    pub steps: usize,
    /// One in n steps evicts a lobby.
    pub evict: u64,
    /// One in n turns ends in a crash, somewhere among its effects.
    pub crash: u64,
    /// One in n steps cuts somebody's connection.
    pub cut: u64,
    /// Of the cut connections, percent that are never reported.
    pub unreported: u64,
    /// Of the due alarms, percent that ring late.
    pub late: u64,
    /// Of the calls and of their answers, percent that are lost.
    pub lost: u64,
    /// Of the calls and of their answers, percent that come twice.
    pub doubled: u64,
    /// Of the looks, percent that nobody answers.
    pub silent: u64,
    /// Of the steps, percent in which something in flight arrives.
    pub flies: u64,
    /// Of the people, percent that are banned.
    pub banned: u64,
    /// Of the steps, percent in which somebody's room is over.
    pub over: u64,
    /// How long each is asked, seconds, in each queue.
    pub propose_s: [Option<u32>; 2],
    /// How long who met is kept apart, seconds, in each queue.
    pub no_rematch_s: [Option<u32>; 2],
    /// Of the proposals, percent that are not answered, and percent that are declined.
    pub ignored: u64,
    pub declined: u64,
    /// Whether people stay in a queue that they were matched out of elsewhere.
    pub stays: bool,
}

impl Rough {
    /// Nothing goes wrong.
    pub fn calm(people: usize) -> Self {
        Self {
            people,
            queues: ["first", "rated"],
            blocks: 0,
            steps: 0,
            evict: 0,
            crash: 0,
            cut: 0,
            unreported: 0,
            late: 0,
            lost: 0,
            doubled: 0,
            silent: 0,
            flies: 100,
            banned: 0,
            over: 0,
            propose_s: [None; 2],
            no_rematch_s: [None; 2],
            ignored: 0,
            declined: 0,
            stays: true,
        }
    }

    pub fn draw(chance: &mut Chance) -> Self {
        let queues = chance.pick(&[
            ["first", "rated"],
            ["first", "wide"],
            ["many", "rated"],
            ["rated", "teams"],
            ["wide", "teams"],
            ["wide-teams", "first"],
            ["many", "wide"],
        ]);
        Self {
            queues,
            blocks: chance.pick(&[0, 0, 1, 4]),
            people: 3 + chance.below(10),
            steps: 60 + chance.below(300),
            evict: chance.pick(&[0, 5, 20, 60]),
            crash: chance.pick(&[0, 0, 15, 80, 200]),
            cut: chance.pick(&[0, 5, 20, 60]),
            unreported: chance.pick(&[0, 20, 50]),
            late: chance.pick(&[0, 30, 80]),
            lost: chance.pick(&[0, 10, 50]),
            doubled: chance.pick(&[0, 20, 50]),
            silent: chance.pick(&[0, 10, 40]),
            flies: chance.pick(&[40, 80, 100]),
            banned: chance.pick(&[0, 0, 20]),
            over: chance.pick(&[1, 5, 20]),
            propose_s: [chance.pick(&[None, None, Some(10)]), chance.pick(&[None, Some(20)])],
            no_rematch_s: [chance.pick(&[None, Some(60)]), chance.pick(&[None, None, Some(600)])],
            ignored: chance.pick(&[0, 5, 30]),
            declined: chance.pick(&[0, 5, 30]),
            stays: chance.percent(50),
        }
    }
}
