//! The conditions of a room world, drawn from its seed. A rate of 0 means never.

use shared::pool::{EndRule, Rules};
use tests::kit::chance::Chance;
use tests::kit::weather::Faults;

#[derive(Debug, Clone)]
pub struct Weather {
    pub members: usize,
    /// Seats that are free at first.
    pub free: usize,
    /// The mode of the room.
    pub mode: Option<&'static str>,
    pub spectators: usize,
    pub steps: usize,
    pub rules: Rules,
    pub faults: Faults,
    /// One in n steps cuts a connection.
    pub cut: u64,
    /// One in n cuts is not reported until the client reconnects.
    pub unreported: u64,
    /// Percent of the turns whose output waits for the timer.
    pub hold: u64,
    /// Percent of the frames to a client that arrive at once.
    pub reads: u64,
    /// One client reads very slowly.
    pub slow: bool,
    /// One in n steps makes the clock jump.
    pub clock: u64,
    /// One in n actions violates the protocol.
    pub rude: u64,
    /// One in n messages is large.
    pub big: u64,
    /// The largest number of messages per action.
    pub chatty: u64,
    pub token_ms: u64,
    /// One in n actions leaves, kicks or ends.
    pub drastic: u64,
    /// One in n steps ends the login of a client.
    pub signs_out: u64,
    /// One in n steps has the operator's backend say something.
    pub serves: u64,
    /// A member never connects.
    pub no_show: bool,
    /// Percent of the clients that the machine of `shared::client` drives.
    pub machines: u64,
}

/// The modes of rooms. The canary is frequent, because its worlds search every frame.
const MODES: &[&str] = &[
    "arena@1",
    "canary@1",
    "canary@1",
    "connect-four@1",
    "go-fish@1",
    "rock-paper-scissors@1",
    "tic-tac-toe@1",
];

/// Returns true if a mode has two seats.
fn is_for_two(mode: &str) -> bool {
    let entry = shared::mode::MODES.find(mode).expect("a mode");
    *entry.seats().end() == 2
}

impl Weather {
    /// Returns conditions without faults.
    pub fn calm(members: usize) -> Self {
        Self {
            members,
            free: 0,
            mode: None,
            spectators: 0,
            steps: 0,
            rules: Rules { spectators: true, ..Rules::default() },
            faults: Faults::default(),
            cut: 0,
            unreported: 0,
            hold: 0,
            reads: 100,
            slow: false,
            clock: 0,
            rude: 0,
            big: 0,
            chatty: 1,
            token_ms: 24 * 3_600_000,
            drastic: 0,
            signs_out: 0,
            serves: 0,
            no_show: false,
            machines: 0,
        }
    }

    pub fn draw(chance: &mut Chance) -> Self {
        let mode = chance.pick(&[None, None, None, None, None, Some(())]).map(|()| chance.pick(MODES));
        let members = if mode.is_some_and(is_for_two) { 2 } else { 2 + chance.below(4) };
        let calm = Self { mode, ..Self::calm(members) };
        let busy = chance.one_in(60);
        let ends = [EndRule::Anyone, EndRule::Anyone, EndRule::Owner, EndRule::Nobody, EndRule::Agreed];
        let end = chance.pick(&ends);
        let age_s = chance.pick(&[14_400, 14_400, 14_400, 300]);
        let weather = Self {
            free: chance.below(calm.members + 1) * chance.below(2),
            spectators: chance.below(3),
            steps: 40 + chance.below(200),
            rules: Rules { end, age_s, grace_s: chance.pick(&[5, 60, 60]), ..calm.rules },
            faults: Faults {
                evict: chance.pick(&[0, 5, 20, 60]),
                crash: chance.pick(&[0, 0, 15, 80, 200]),
                late: chance.pick(&[0, 30, 80]),
                lost: chance.pick(&[0, 20, 60]),
            },
            cut: chance.pick(&[0, 10, 30, 100]),
            unreported: chance.pick(&[0, 2, 5]),
            hold: chance.pick(&[0, 20, 70]),
            reads: chance.pick(&[30, 70, 95]),
            slow: chance.one_in(4),
            clock: chance.pick(&[0, 0, 40]),
            rude: chance.pick(&[0, 10, 40]),
            big: chance.pick(&[0, 0, 0, 20, 5]),
            chatty: chance.pick(&[1, 3, 10]),
            token_ms: chance.pick(&[600_000, 600_000, 40_000]),
            drastic: chance.pick(&[0, 60, 300]),
            signs_out: chance.pick(&[0, 0, 60]),
            serves: chance.pick(&[0, 0, 0, 10]),
            no_show: chance.one_in(12),
            machines: chance.pick(&[0, 30, 100]),
            ..calm
        };
        if !busy {
            return weather;
        }
        // Long enough to reuse slots of the log, and for a slow reader to fall far behind.
        Self {
            steps: 420,
            faults: Faults { evict: chance.pick(&[0, 60]), crash: 0, ..weather.faults },
            cut: 200,
            slow: true,
            clock: 0,
            chatty: 40,
            big: 0,
            reads: 95,
            token_ms: 3_600_000,
            drastic: 0,
            rude: 0,
            no_show: false,
            rules: Rules { age_s: 14_400, grace_s: 60, ..weather.rules },
            ..weather
        }
    }
}
