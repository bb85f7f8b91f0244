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

/// Returns what a token of that session says, with the time in ms at which it expires.
#[must_use]
pub fn identity(person: usize, exp: u64) -> Identity {
    Identity { player: player(person), sid: session(), ep: 0, exp: Time::from_ms(exp) }
}
