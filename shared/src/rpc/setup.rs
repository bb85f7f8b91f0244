//! The setup of a room: what its creator sends, and its seats.

use crate::connection::Conn;
use crate::id::{PlayerId, PoolName, RoomId};
use crate::mode::{Chance, Seed};
use crate::pool::{ChosenMode, Rules};
use crate::time::Time;
use crate::trace::Trace;
use serde::{Deserialize, Serialize};

/// The initial state of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The id of the room and of its match.
    pub id: RoomId,
    /// The pool that formed the match; none for a room created over HTTP.
    pub pool: Option<PoolName>,
    /// The player who may kick others.
    pub owner: Option<PlayerId>,
    pub seats: Vec<Seat>,
    pub rules: Rules,
    /// The mode that plays in the room; none for a room without rules of a game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ChosenMode>,
    /// The trace that a client named for the match; none, it follows from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

impl Setup {
    /// Returns the one trace of the match, which all of its log lines have.
    #[must_use]
    pub fn match_trace(&self) -> Trace {
        self.trace.unwrap_or_else(|| Trace::of_name(self.id.as_str()))
    }

    /// Returns the setup with this seed, where it has a mode.
    ///
    /// The players of a match that a queue made sit in a random order: the first to move wins more often in many games,
    /// and would otherwise always be the one who has waited longest. Teams and the seats of an owner stay as they are.
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        let Some(mode) = &mut self.mode else { return self };
        mode.seed = Some(seed);
        if self.pool.is_some() && self.seats.iter().all(|seat| seat.team.is_none()) {
            // Another seed than that of the match: the order tells nothing of its cards.
            Chance::new(seed.derived("seats")).shuffle(&mut self.seats);
        }
        self
    }
}

/// One seat of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The player of the seat; none for a free seat.
    pub player: Option<PlayerId>,
    /// The display name.
    pub name: String,
    /// The team, from 0; none where players play alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<u16>,
    pub state: SeatState,
    /// True if the player has ever been connected.
    pub came: bool,
}

/// The state of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// The seat waits for its player, or is free.
    Expected,
    /// The player is connected on this socket.
    Here(Conn),
    /// The socket was lost at this time; the seat is kept for the grace period.
    Away(Time),
    /// The player left, or stayed away.
    Left,
    /// The owner removed the player, who may not return.
    #[serde(rename = "out")]
    Kicked,
    /// The player was banned, and may not return.
    Banned,
}

/// The role of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The player has a seat.
    Member,
    /// The player receives events, and sends none.
    Spectator,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn only_players_of_a_queue_sit_in_a_random_order() {
        let seats: Vec<Seat> =
            ["p_1", "p_2", "p_3"].map(|player| Seat::of(player.parse().unwrap(), String::new())).into();
        let mode = ChosenMode { name: "go-fish@1".into(), config: Value::Null, seed: None };
        let pool = Some("go-fish".parse().unwrap());
        let (id, rules) = ("m_1".parse().unwrap(), Rules::default());
        let matched =
            Setup { id, pool, owner: None, seats: seats.clone(), rules, mode: Some(mode), trace: None };
        let is_moved = |setup: &Setup| {
            let moved =
                (0..60u8).filter(|seed| setup.clone().with_seed(Seed::new((*seed).into())).seats != seats);
            moved.count()
        };
        // Five of six orders are others, so that 50 are expected, with a standard deviation of 2.9.
        assert!((38..60).contains(&is_moved(&matched)), "{}", is_moved(&matched));
        assert_eq!(is_moved(&Setup { pool: None, ..matched.clone() }), 0);
        let team = |(nth, seat): (usize, Seat)| Seat { team: u16::try_from(nth % 2).ok(), ..seat };
        let teams: Vec<Seat> = seats.iter().cloned().enumerate().map(team).collect();
        let grouped = Setup { seats: teams.clone(), ..matched }.with_seed(Seed::new(1));
        assert_eq!((grouped.seats, json!(grouped.mode.unwrap().seed)), (teams, json!(Seed::new(1))));
    }
}
