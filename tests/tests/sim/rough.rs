//! How rough a world is: drawn once from its seed. `one in n` numbers are 0 where it never happens.

use crate::chance::Chance;
use shared::room::{EndRule, Rules};

#[derive(Debug, Clone)]
pub struct Rough {
    pub members: usize,
    /// Seats of the members that are nobody's at first.
    pub free: usize,
    pub spectators: usize,
    pub steps: usize,
    pub rules: Rules,
    /// One in n events is followed by an eviction.
    pub evict: u64,
    /// One in n turns ends in a crash, somewhere among its effects.
    pub crash: u64,
    /// One in n steps cuts somebody's connection.
    pub cut: u64,
    /// One in n cut connections is never reported, until the person is back.
    pub unreported: u64,
    /// Of the turns, percent whose output waits for the timer.
    pub hold: u64,
    /// Of the frames for a client, percent that arrive at once.
    pub reads: u64,
    /// One member reads next to nothing.
    pub slow: bool,
    /// Of the due alarms, percent that ring late.
    pub late: u64,
    /// Of the calls and of the confirmations, percent that are lost.
    pub lost: u64,
    /// One in n steps the clock jumps.
    pub clock: u64,
    /// One in n actions is rude.
    pub rude: u64,
    /// One in n says is large.
    pub big: u64,
    /// How much is said at once at most.
    pub chatty: u64,
    /// How long a token lives, ms.
    pub token_ms: u64,
    /// One in n actions gives up a seat, puts somebody out, or ends the room.
    pub drastic: u64,
    /// A member never comes.
    pub no_show: bool,
}

impl Rough {
    /// Nothing goes wrong.
    pub fn calm(members: usize) -> Self {
        Self {
            members,
            free: 0,
            spectators: 0,
            steps: 0,
            rules: Rules { spectators: true, ..Rules::default() },
            evict: 0,
            crash: 0,
            cut: 0,
            unreported: 0,
            hold: 0,
            reads: 100,
            slow: false,
            late: 0,
            lost: 0,
            clock: 0,
            rude: 0,
            big: 0,
            chatty: 1,
            token_ms: 24 * 3_600_000,
            drastic: 0,
            no_show: false,
        }
    }

    pub fn draw(chance: &mut Chance) -> Self {
        let calm = Self::calm(2 + chance.below(4));
        let busy = chance.one_in(60);
        let end = chance.pick(&[EndRule::Anyone, EndRule::Anyone, EndRule::Owner, EndRule::Nobody]);
        let age_s = chance.pick(&[14_400, 14_400, 14_400, 300]);
        let rough = Self {
            free: chance.below(calm.members + 1) * chance.below(2),
            spectators: chance.below(3),
            steps: 40 + chance.below(200),
            rules: Rules { end, age_s, grace_s: chance.pick(&[5, 60, 60]), ..calm.rules },
            evict: chance.pick(&[0, 5, 20, 60]),
            crash: chance.pick(&[0, 0, 15, 80, 200]),
            cut: chance.pick(&[0, 10, 30, 100]),
            unreported: chance.pick(&[0, 2, 5]),
            hold: chance.pick(&[0, 20, 70]),
            reads: chance.pick(&[30, 70, 95]),
            slow: chance.one_in(4),
            late: chance.pick(&[0, 30, 80]),
            lost: chance.pick(&[0, 20, 60]),
            clock: chance.pick(&[0, 0, 40]),
            rude: chance.pick(&[0, 10, 40]),
            big: chance.pick(&[0, 0, 0, 20, 5]),
            chatty: chance.pick(&[1, 3, 10]),
            token_ms: chance.pick(&[600_000, 600_000, 40_000]),
            drastic: chance.pick(&[0, 60, 300]),
            no_show: chance.one_in(12),
            ..calm
        };
        if !busy {
            return rough;
        }
        // Long enough for slots of the log to be used again and for a slow reader to fall far behind.
        Self {
            steps: 420,
            crash: 0,
            cut: 200,
            evict: chance.pick(&[0, 60]),
            slow: true,
            clock: 0,
            chatty: 40,
            big: 0,
            reads: 95,
            token_ms: 3_600_000,
            drastic: 0,
            rude: 0,
            no_show: false,
            rules: Rules { age_s: 14_400, grace_s: 60, ..rough.rules },
            ..rough
        }
    }
}
