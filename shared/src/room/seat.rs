//! Who belongs to a room, and whether they are there.

use super::Conn;
use crate::id::PlayerId;
use crate::protocol::event;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One place in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Whose it is; a free seat is nobody's.
    pub player: Option<PlayerId>,
    /// The display name.
    pub name: String,
    /// Which team it is of, from 0; none, everybody is on their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<u16>,
    /// Whether they are there.
    pub state: Presence,
    /// Whether they ever came.
    pub came: bool,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The seat waits for its player, or for anybody.
    Expected,
    /// On this socket.
    Here(Conn),
    /// The socket was lost; the seat is kept for a while.
    Away(Time),
    /// The seat was given up.
    Left,
    /// Somebody put them out; they may not return.
    Out,
    /// They were banned while they had it; they may not return.
    Banned,
}

impl Seat {
    /// A seat for one player.
    #[must_use]
    pub fn of(player: PlayerId, name: String) -> Self {
        Self { player: Some(player), name, team: None, state: Presence::Expected, came: false }
    }

    /// A seat for whoever comes.
    #[must_use]
    pub fn free() -> Self {
        Self { player: None, name: String::new(), team: None, state: Presence::Expected, came: false }
    }

    /// Whether somebody may still be reached here.
    #[must_use]
    pub fn held(&self) -> bool {
        match self.state {
            Presence::Here(_) | Presence::Away(_) => true,
            Presence::Expected => self.player.is_some(),
            Presence::Left | Presence::Out | Presence::Banned => false,
        }
    }

    /// The socket of who is here.
    #[must_use]
    pub fn conn(&self) -> Option<Conn> {
        match self.state {
            Presence::Here(conn) => Some(conn),
            Presence::Expected | Presence::Away(_) | Presence::Left | Presence::Out | Presence::Banned => {
                None
            }
        }
    }

    /// The member as others see them; none for a free seat.
    #[must_use]
    pub fn member(&self) -> Option<Value> {
        let player = self.player.as_ref()?;
        let state = match self.state {
            Presence::Expected => "expected",
            Presence::Here(_) => "here",
            Presence::Away(_) => "away",
            Presence::Left | Presence::Out | Presence::Banned => "left",
        };
        let mut member = json!({ "player": player, "name": self.name, "state": state });
        if let Some(team) = self.team {
            event::add(&mut member, "team", team);
        }
        Some(member)
    }
}
