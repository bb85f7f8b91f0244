//! The conditions of a lobby world, drawn from its seed. A rate of 0 means never.

use tests::kit::chance::Chance;
use tests::kit::weather::Faults;

#[derive(Debug, Clone)]
pub struct Weather {
    pub people: usize,
    /// The pools of the two lobbies.
    pub queues: [&'static str; 2],
    /// Number of pairs that block each other.
    pub blocks: usize,
    pub steps: usize,
    pub faults: Faults,
    /// One in n steps cuts a connection.
    pub cut: u64,
    /// Percent of the cuts that are never reported.
    pub unreported: u64,
    /// Percent of the calls and answers that arrive twice.
    pub doubled: u64,
    /// Percent of the lookups without an answer.
    pub silent: u64,
    /// Percent of the steps in which a message arrives.
    pub arrives: u64,
    /// Percent of the players that are banned.
    pub banned: u64,
    /// Percent of the steps in which the operator's backend acts.
    pub serves: u64,
    /// Percent of the steps in which a room ends.
    pub ends: u64,
    /// Time to answer a proposal in each pool, s.
    pub propose_s: [Option<u32>; 2],
    /// Time without a rematch in each pool, s.
    pub no_rematch_s: [Option<u32>; 2],
    /// Percent of the proposals that are ignored, and that are declined.
    pub ignored: u64,
    pub declined: u64,
    /// Players stay in other lobbies after they were matched.
    pub stays: bool,
}

impl Weather {
    /// Returns conditions without faults.
    pub fn calm(people: usize) -> Self {
        Self {
            people,
            queues: ["first", "rated"],
            blocks: 0,
            steps: 0,
            faults: Faults::default(),
            cut: 0,
            unreported: 0,
            doubled: 0,
            silent: 0,
            arrives: 100,
            banned: 0,
            serves: 0,
            ends: 0,
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
            ["strict", "many"],
        ]);
        Self {
            queues,
            blocks: chance.pick(&[0, 0, 1, 4]),
            people: 3 + chance.below(10),
            steps: 60 + chance.below(300),
            faults: Faults {
                evict: chance.pick(&[0, 5, 20, 60]),
                crash: chance.pick(&[0, 0, 15, 80, 200]),
                late: chance.pick(&[0, 30, 80]),
                lost: chance.pick(&[0, 10, 50]),
            },
            cut: chance.pick(&[0, 5, 20, 60]),
            unreported: chance.pick(&[0, 20, 50]),
            doubled: chance.pick(&[0, 20, 50]),
            silent: chance.pick(&[0, 10, 40]),
            arrives: chance.pick(&[40, 80, 100]),
            banned: chance.pick(&[0, 0, 20]),
            serves: chance.pick(&[0, 0, 10, 40]),
            ends: chance.pick(&[1, 5, 20]),
            propose_s: [chance.pick(&[None, None, Some(10)]), chance.pick(&[None, Some(20)])],
            no_rematch_s: [chance.pick(&[None, Some(60)]), chance.pick(&[None, None, Some(600)])],
            ignored: chance.pick(&[0, 5, 30]),
            declined: chance.pick(&[0, 5, 30]),
            stays: chance.percent(50),
        }
    }
}
