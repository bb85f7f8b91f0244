//! Ids of the simulated people: person 3 is the player `p_3`.

use shared::connection::Identity;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;

/// Returns the player id of a person.
#[must_use]
pub fn player(person: usize) -> PlayerId {
    format!("p_{person}").parse().expect("an id")
}

/// Returns the person of a player id.
#[must_use]
pub fn number(player: &PlayerId) -> usize {
    player.as_str()[2..].parse().expect("a player of this world")
}

/// Returns the session of people who log in only once.
#[must_use]
pub fn session() -> SessionId {
    "s_1".parse().expect("an id")
}

/// Returns what a token of the nth login of a person says.
#[must_use]
pub fn login(person: usize, nth: u32, exp: u64) -> Identity {
    let sid = format!("s_{person}-{nth}").parse().expect("an id");
    Identity { player: player(person), sid, ep: u64::from(nth / 2), exp: Time::from_ms(exp) }
}

/// Returns what a token of that session says, with the time in ms at which it expires.
#[must_use]
pub fn identity(person: usize, exp: u64) -> Identity {
    Identity { player: player(person), sid: session(), ep: 0, exp: Time::from_ms(exp) }
}
