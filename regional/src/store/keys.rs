//! Every key that is ever stored. What is not here is not in the database.
//!
//! | item | table | pk | sk | lives |
//! |---|---|---|---|---|
//! | profile | core | `U#{player}` | `PROFILE` | for ever |
//! | session | core | `S#{sid}` | `S` | until 30 days unused; `ttl` collects it. GSI1: `U#{player}`, `S#{created}` |
//! | match | history | `M#{match}` | `M` | `HISTORY_DAYS`; `ttl` collects it |
//! | match of a player | history | `H#{player}` | `{ended, 13 digits of ms}#{match}` | as the match |
//!
//! Every item has `t` (its kind); what changes has `v` (its version). `ttl` is seconds since 1970 and deletes within
//! days, so that every read compares with the clock.

use crate::history::Place;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::{PlayerId, RoomId, SessionId};
use std::collections::HashMap;

/// The tables. Ceilings, retention and alarms differ, so there are three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Who somebody is.
    Core,
    /// What happened.
    History,
    /// Tournaments and their seats.
    Events,
}

/// The names of the attributes that keys are made of.
pub const PK: &str = "pk";
/// The sort key.
pub const SK: &str = "sk";
/// The partition key of the sparse index, in core and events.
pub const GSI1PK: &str = "gsi1pk";
/// The sort key of the sparse index.
pub const GSI1SK: &str = "gsi1sk";
/// The sparse index.
pub const GSI1: &str = "gsi1";
/// When the store may delete an item, seconds since 1970.
pub const TTL: &str = "ttl";

/// A stored item's key.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// A player: name, text, rating, epoch, ban.
    Profile(&'a PlayerId),
    /// A login: hashes of its refresh tokens, never the tokens.
    Session(&'a SessionId),
    /// A finished match, once; whether it is there tells a repeated record from a new one.
    Match(&'a RoomId),
    /// A finished match in one player's history; a copy each, so that a page is one query.
    History(&'a PlayerId, &'a Place),
    /// An item that is never there: to ask whether the table answers.
    Nothing(Table),
}

impl Key<'_> {
    /// Which table it is in.
    #[must_use]
    pub fn table(self) -> Table {
        match self {
            Self::Profile(_) | Self::Session(_) => Table::Core,
            Self::Match(_) | Self::History(..) => Table::History,
            Self::Nothing(table) => table,
        }
    }

    /// The partition key.
    #[must_use]
    pub fn pk(self) -> String {
        match self {
            Self::Profile(player) => format!("U#{player}"),
            Self::Session(sid) => format!("S#{sid}"),
            Self::Match(id) => format!("M#{id}"),
            Self::History(player, _) => history(player),
            Self::Nothing(_) => "NOTHING".into(),
        }
    }

    /// The sort key.
    #[must_use]
    pub fn sk(self) -> String {
        match self {
            Self::Profile(_) => "PROFILE".into(),
            Self::Session(_) => "S".into(),
            Self::Match(_) => "M".into(),
            Self::History(_, place) => place.key(),
            Self::Nothing(_) => "NOTHING".into(),
        }
    }

    /// Both, as the store takes them.
    #[must_use]
    pub fn item(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk())),
            (SK.to_owned(), AttributeValue::S(self.sk())),
        ])
    }
}

/// The partition that holds a player's history.
#[must_use]
pub fn history(player: &PlayerId) -> String {
    format!("H#{player}")
}

/// The index keys of a session: all of a player's, by age.
#[must_use]
pub fn session_index(player: &PlayerId, created_ms: u64) -> (String, String) {
    (format!("U#{player}"), format!("S#{created_ms:013}"))
}
