//! What the parts of a divided queue say to what is above them, and back. Each may be said twice.

use super::ticket::Ticket;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A question of one part to the top, or of the top to a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LobbyAsk {
    /// To the top: this ticket found nobody in its part.
    Climb {
        /// With `home` set.
        ticket: Box<Ticket>,
    },
    /// To the top: this ticket is not to be matched any more.
    Withdraw {
        /// Which.
        ticket: TicketId,
        /// Of which of its climbs.
        climbs: u32,
    },
    /// To the top: somebody said whether they want a match.
    Said {
        /// Which match.
        room: RoomId,
        /// Who.
        player: PlayerId,
        /// Whether.
        yes: bool,
    },
    /// To a part: a match wants this ticket, which is in no other from now on.
    Hold {
        /// Which ticket.
        ticket: TicketId,
        /// Which match.
        room: RoomId,
    },
    /// To a part: its people are to be asked.
    Offer {
        /// Which ticket.
        ticket: TicketId,
        /// Which match.
        room: RoomId,
        /// What is offered.
        offer: Offer,
    },
    /// To a part: the match came to nothing.
    Drop {
        /// Which ticket.
        ticket: TicketId,
        /// Which match.
        room: RoomId,
        /// Why.
        reason: String,
        /// Whether the ticket is out of the queue with it, and how.
        out: Option<Out>,
    },
    /// To a part: the match is there.
    Matched {
        /// Which ticket.
        ticket: TicketId,
        /// Which match.
        room: RoomId,
        /// Everybody in it, by team.
        teams: Vec<Vec<PlayerId>>,
    },
}

/// A match that people are asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Everybody in it, by team.
    pub teams: Vec<Vec<PlayerId>>,
    /// Until when they may say what they want.
    pub until: Time,
}

/// How a ticket is out of the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    /// Who let the others down: they wait before they enter again.
    pub by: Vec<PlayerId>,
    /// The match that one of them is in.
    pub live: Option<RoomId>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LobbyAnswer {
    /// Done, or yes.
    Done,
    /// Not now: the ticket is in another match, or its people are away.
    Busy,
    /// There is no such ticket.
    Gone,
}
