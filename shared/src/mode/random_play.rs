//! Random play of a match, for tests and measurements.

use super::{Chance, Event, Running, Seat};
use crate::time::Time;
use serde_json::Value;
use std::time::Duration;

/// The longest time that a random player takes for a move, in milliseconds.
const THINK_MS_MAX: usize = 2000;

/// Returns the next event of a match that random players play, and its time; none if the match has ended or sleeps.
///
/// A player moves if one can, unless the mode must be woken before; otherwise time passes until the mode is woken. In a
/// real-time mode both are equally likely.
pub fn next_event(game: &dyn Running, now: Time, chance: &mut Chance) -> Option<(Time, Event<Value>)> {
    let woke = game.wake_at().map(|at| (at.max(now), Event::Woke));
    if game.tick().is_some() && woke.is_some() && chance.below(2) == 0 {
        return woke;
    }
    let mut seats: Vec<Seat> = Seat::all(game.seats()).collect();
    chance.shuffle(&mut seats);
    let moved = seats.into_iter().find_map(|seat| Some((seat, game.random_move(seat, chance)?)));
    let Some((seat, body)) = moved else { return woke };
    let think_ms = if game.tick().is_some() { 0 } else { chance.below(THINK_MS_MAX) };
    let at = now + Duration::from_millis(u64::try_from(think_ms).unwrap_or(0));
    // As in a room, a wake that is due comes before a move.
    woke.filter(|(due, _)| *due <= at).or(Some((at, Event::Move { seat, body })))
}
