//! Every key that is ever stored. What is not here is not in the database.
//!
//! | item | table | pk | sk | lives |
//! |---|---|---|---|---|
//! | profile | core | `U#{player}` | `PROFILE` | for ever |
//! | mark of who is erased | core | `U#{player}` | `ERASED` | for ever: an id and two moments |
//! | picture | core | `U#{player}` | `PICTURE#{picture}` | until its owner removes it |
//! | rating | core | `U#{player}` | `RATING#{pool}` | for ever. GSI1: `LB#{pool}#{0-7}`, `{score, 8 digits}#{9999999999999 - last, 13 digits of ms}#{player}` |
//! | ban, active or past | core | `U#{player}` | `BAN#{decided, 13 digits of ms}#{ban}` | for ever |
//! | whom a player blocks | core | `U#{player}` | `X#B#{other}` | until it is taken back |
//! | who blocks a player | core | `U#{player}` | `X#b#{other}` | as the other side, always together with it |
//! | whom a player follows | core | `U#{player}` | `F#{other}` | until it is taken back. GSI1: `U#{other}`, `F#{player}` |
//! | account elsewhere | core | `A#{hash of issuer and subject}` | `A` | for ever. GSI1: `U#{player}`, `A#{hash}` |
//! | what happened too often | core | `L#{who}` | `L` | until it no longer counts; `ttl` collects it |
//! | report | core | `R#{report}` | `R` | for ever. GSI1 while it is open: `RQ#open#{0-7}`, `{created, 13 digits of ms}#{report}` |
//! | answer to a keyed request | core | `I#{player}#{key}` | `I` | a day; `ttl` collects it |
//! | session | core | `S#{sid}` | `S` | a day unused, 30 at most; `ttl` collects it. GSI1 until it is ended: `U#{player}`, `S#{created}` |
//! | match | history | `M#{match}` | `M` | `HISTORY_DAYS`; `ttl` collects it |
//! | match of a player | history | `H#{player}` | `{ended, 13 digits of ms}#{match}` | as the match |
//!
//! In a player's partition what a queue has to know of them comes last and together, from `PROFILE` on: one read.
//!
//! Every item has `t` (its kind); what changes has `v` (its version). `ttl` is seconds since 1970 and deletes within
//! days, so that every read compares with the clock.

use crate::history::Place;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::{BanId, PictureId, PlayerId, PoolName, ReportId, RoomId, SessionId};
use shared::time::Time;
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
    /// A player: name, text, epoch, ban.
    Profile(&'a PlayerId),
    /// A decision of a moderator, and what became of it.
    Ban(&'a PlayerId, Time, &'a BanId),
    /// The first blocks the second.
    Block(&'a PlayerId, &'a PlayerId),
    /// The first is blocked by the second: the other side of it.
    BlockedBy(&'a PlayerId, &'a PlayerId),
    /// The first follows the second.
    Follow(&'a PlayerId, &'a PlayerId),
    /// A picture of a player, wherever it is on its way.
    Picture(&'a PlayerId, &'a PictureId),
    /// That somebody is erased, or is being so.
    Erased(&'a PlayerId),
    /// How well they play in a pool.
    Rating(&'a PlayerId, &'a PoolName),
    /// An account at an identity provider, and whose it is.
    Account(&'a str),
    /// When something happened lately that may not happen often.
    Count(&'a str),
    /// What somebody says that another did.
    Report(&'a ReportId),
    /// What was answered to somebody's request with this key.
    Answer(&'a PlayerId, &'a str),
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
            Self::Profile(_)
            | Self::Ban(..)
            | Self::Block(..)
            | Self::BlockedBy(..)
            | Self::Follow(..)
            | Self::Picture(..)
            | Self::Erased(_)
            | Self::Rating(..)
            | Self::Account(_)
            | Self::Count(_)
            | Self::Report(_)
            | Self::Answer(..)
            | Self::Session(_) => Table::Core,
            Self::Match(_) | Self::History(..) => Table::History,
            Self::Nothing(table) => table,
        }
    }

    /// The partition key.
    #[must_use]
    pub fn pk(self) -> String {
        match self {
            Self::Profile(player)
            | Self::Ban(player, ..)
            | Self::Block(player, _)
            | Self::BlockedBy(player, _)
            | Self::Follow(player, _)
            | Self::Picture(player, _)
            | Self::Erased(player)
            | Self::Rating(player, _) => core(player),
            Self::Account(account) => format!("A#{account}"),
            Self::Count(what) => format!("L#{what}"),
            Self::Report(id) => format!("R#{id}"),
            Self::Answer(player, key) => format!("I#{player}#{key}"),
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
            Self::Ban(_, at, ban) => format!("{BANS}{:013}#{ban}", at.ms()),
            Self::Block(_, other) => format!("{BLOCKS}{other}"),
            Self::BlockedBy(_, other) => format!("{BLOCKED_BY}{other}"),
            Self::Follow(_, other) => format!("{FOLLOWS}{other}"),
            Self::Picture(_, id) => format!("{PICTURES}{id}"),
            Self::Erased(_) => "ERASED".into(),
            Self::Rating(_, pool) => format!("{RATINGS}{pool}"),
            Self::Account(_) => "A".into(),
            Self::Count(_) => "L".into(),
            Self::Report(_) => "R".into(),
            Self::Answer(..) => "I".into(),
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

/// The partition that holds who a player is, and whom they keep away from.
#[must_use]
pub fn core(player: &PlayerId) -> String {
    format!("U#{player}")
}

/// The partition that holds a player's history.
#[must_use]
pub fn history(player: &PlayerId) -> String {
    format!("H#{player}")
}

/// How the sort keys of a player's bans begin.
pub const BANS: &str = "BAN#";
/// How the sort keys of a player's pictures begin.
pub const PICTURES: &str = "PICTURE#";
/// How the sort keys of a player's ratings begin.
pub const RATINGS: &str = "RATING#";
/// How the sort keys of those whom a player blocks begin.
pub const BLOCKS: &str = "X#B#";
/// How the sort keys of those who block a player begin.
pub const BLOCKED_BY: &str = "X#b#";
/// How the sort keys of those whom a player follows begin.
pub const FOLLOWS: &str = "F#";
/// How the index's sort keys of a player's logins begin.
pub const SESSIONS: &str = "S#";

/// The index keys of a follower's row: all of a player's followers.
#[must_use]
pub fn follower_index(player: &PlayerId, follower: &PlayerId) -> (String, String) {
    (format!("U#{player}"), format!("F#{follower}"))
}

/// The index keys of an account: all of a player's.
#[must_use]
pub fn account_index(player: &PlayerId, account: &str) -> (String, String) {
    (format!("U#{player}"), format!("A#{account}"))
}

/// A partition of the open reports.
#[must_use]
pub fn report_queue(shard: u8) -> String {
    format!("RQ#open#{shard}")
}

/// A part of a pool's leaderboard.
#[must_use]
pub fn board(pool: &PoolName, shard: u8) -> String {
    format!("LB#{pool}#{shard}")
}

/// The index keys of a session: all of a player's, by age.
#[must_use]
pub fn session_index(player: &PlayerId, created_ms: u64) -> (String, String) {
    (format!("U#{player}"), format!("S#{created_ms:013}"))
}
