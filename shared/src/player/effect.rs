//! What happens to a player's object, and what it orders.

pub use super::save::Save;
use crate::call::CallId;
use crate::id::PlayerId;
use crate::internal::Dismissal;
use crate::notice::Notice;
use crate::outbox::Scope;
use crate::presence::Sight;
use crate::protocol::Close;
use crate::protocol::event::Text;
use crate::record::Circle;
use crate::socket::{Conn, Who};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A line of their own is open.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        /// Whose.
        who: Who,
    },
    /// A text frame came.
    Said {
        /// On which line.
        conn: Conn,
        /// The frame.
        text: &'a str,
    },
    /// A frame came that nobody will read.
    Binary {
        /// On which line.
        conn: Conn,
        /// How large it was.
        bytes: usize,
    },
    /// A line is gone. It may be told twice.
    Closed {
        /// Which.
        conn: Conn,
    },
    /// The shell looked at a newer token.
    Renewed {
        /// For which line.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// Whose it is; or why not.
        verdict: Result<Who, String>,
    },
    /// The region says something of them. It may be told twice, late, or out of order.
    Noticed {
        /// What.
        notice: &'a Notice,
    },
    /// A place has closed what it was to close.
    Dismissed {
        /// Which call.
        call: CallId,
        /// What it still holds of theirs.
        holding: Vec<Conn>,
        /// When it was asked: it did not know of what came since.
        asked: Time,
    },
    /// The region says who may see them.
    Circled {
        /// The turn that it was asked at.
        turn: u64,
        /// Who.
        circle: &'a Circle,
    },
    /// Those who are watched said how they are, as many as answered.
    Sighted {
        /// Which call.
        call: CallId,
        /// Who, how, and whether they will tell of changes.
        answers: Vec<(PlayerId, Sight, bool)>,
    },
    /// Those who watch were told, as many as answered.
    Told {
        /// Which call.
        call: CallId,
        /// Of what time the word was.
        as_of: Time,
        /// Who has it.
        heard: Vec<PlayerId>,
        /// Who does not want to hear more.
        gone: Vec<PlayerId>,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write, all of it at once or nothing.
    Save(Save),
    /// Keep this with the line.
    Attach {
        /// Which.
        conn: Conn,
        /// At most 16 KiB.
        data: String,
    },
    /// Owe one line a message.
    Send {
        /// Which.
        conn: Conn,
        /// The message.
        text: Text,
    },
    /// Owe every line a message.
    Tell {
        /// The message.
        text: Text,
        /// Whom it is for.
        scope: Scope,
    },
    /// Close one line, after what it is owed.
    Close {
        /// Which.
        conn: Conn,
        /// Why.
        why: Close,
    },
    /// Look at a newer token.
    Verify {
        /// For which line.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// The token.
        token: String,
    },
    /// Have a place close sockets of theirs; it is repeated until answered.
    Dismiss {
        /// The number, for the answer.
        call: CallId,
        /// Which place.
        object: String,
        /// Which sockets.
        dismissal: Dismissal,
    },
    /// Ask the region who may see them; it is repeated until answered.
    Circle {
        /// The turn that it is asked at.
        turn: u64,
    },
    /// Ask these how they are; who does not answer is asked again.
    Watch {
        /// The number, for the answers.
        call: CallId,
        /// Whom.
        peers: Vec<PlayerId>,
    },
    /// Tell those who watch; who does not answer is told again.
    Show {
        /// The number, for the answers.
        call: CallId,
        /// Of what time it is.
        as_of: Time,
        /// Whom what.
        groups: Vec<Showing>,
    },
    /// Forget everything: they are gone for good, and so is every token of theirs.
    Erase,
}

/// One word for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// How the player is, as far as these may know.
    pub sight: Sight,
    /// Whether these are told no more.
    pub last: bool,
    /// Whom to tell.
    pub to: Vec<PlayerId>,
}

/// What is repeated until it is confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A room or a lobby: sockets of theirs are to close.
    Dismiss {
        /// Which place.
        object: String,
        /// Which sockets.
        dismissal: Dismissal,
    },
    /// The region: who may see them?
    Circle,
    /// Those whom they follow: how are they?
    Watch,
    /// Those who watch: this is how they are.
    Show,
}
