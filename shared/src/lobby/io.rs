//! What happens to a lobby, and what it orders.

use super::parts::{LobbyAnswer, LobbyAsk};
use super::save::Save;
use crate::id::{PlayerId, RoomId};
use crate::internal::{Dismissal, PlayerAnswer, PlayerAsk};
use crate::outbox::Scope;
use crate::pool::Shard;
use crate::protocol::Close;
use crate::protocol::event::Text;
use crate::record::Standing;
use crate::room::Setup;
use crate::socket::{Conn, Who};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A socket is open.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        /// Whose.
        who: Who,
        /// The match that its player is in.
        live: Option<RoomId>,
    },
    /// A text frame came.
    Said {
        /// On which socket.
        conn: Conn,
        /// The frame.
        text: &'a str,
    },
    /// A frame came that nobody will read.
    Binary {
        /// On which socket.
        conn: Conn,
        /// How large it was.
        bytes: usize,
    },
    /// A socket is gone.
    Closed {
        /// Which.
        conn: Conn,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
    /// What the region and the player's object know of somebody who enters.
    Known {
        /// For which `Look`.
        look: u64,
        /// None: they did not answer.
        answer: Option<Known>,
    },
    /// The player's object knows in which part of the queue they are; or it did not answer.
    Moved {
        /// Who.
        player: PlayerId,
        /// Whether it does.
        done: bool,
    },
    /// Another object answered.
    Answered {
        /// What was asked.
        call: Call,
        /// What it said.
        answer: Answer,
    },
    /// The object of a player says that sockets of theirs are to close. It may be told twice, or late.
    Dismissed {
        /// Whose.
        player: PlayerId,
        /// Which.
        dismissal: Dismissal,
    },
}

/// What is known of somebody who enters.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// By the region.
    pub standing: Standing,
    /// By their own object: the match that they are in.
    pub live: Option<RoomId>,
    /// By nobody else: what a new party's code is made of.
    pub chance: u64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write, all of it at once or nothing.
    Save(Save),
    /// Keep this with the socket.
    Attach {
        /// Which.
        conn: Conn,
        /// At most 16 KiB.
        data: String,
    },
    /// Owe one socket a message.
    Send {
        /// Which.
        conn: Conn,
        /// The message.
        text: Text,
    },
    /// Owe everybody a message.
    Tell {
        /// The message.
        text: Text,
        /// Whom it is for.
        scope: Scope,
    },
    /// Close one socket, after what it is owed.
    Close {
        /// Which.
        conn: Conn,
        /// Why.
        why: Close,
    },
    /// Ask the region and the player's object who that is; once.
    Look {
        /// The number for the answer.
        look: u64,
        /// Who.
        player: PlayerId,
    },
    /// Tell the player's object in which part of the queue they are from now on; once.
    Move {
        /// Who.
        player: PlayerId,
        /// Which part.
        part: u16,
    },
    /// Tell another object; it is repeated until answered.
    Call(Call),
}

/// What a lobby tells others. It says everything that its answer is about, so that an answer of before a restart is
/// as good as one of after.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A player's object.
    Player {
        /// Whose.
        player: PlayerId,
        /// What.
        ask: PlayerAsk,
    },
    /// The room that is to be.
    Open {
        /// How.
        setup: Box<Setup>,
    },
    /// Another part of the same queue.
    Lobby {
        /// Which.
        shard: Shard,
        /// What.
        ask: LobbyAsk,
    },
}

/// What they answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A player's object.
    Player(PlayerAnswer),
    /// The room: it is there.
    Room,
    /// Another part of the queue.
    Lobby(LobbyAnswer),
}
