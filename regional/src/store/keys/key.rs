//! The rows of the three tables, and the partition key and sort key of each.

use super::index::{
    BLOCK_PREFIX, BLOCKED_BY_PREFIX, FOLLOW_PREFIX, PICTURE_PREFIX, PK, RATING_PREFIX, SK, audit_partition,
    audit_shard, dispute_partition, dispute_shard, history_partition, line_partition, open_room_partition,
    open_room_shard, player_partition,
};
use super::sort_key::{
    audit_sort_key, ban_sort_key, note_sort_key, open_room_sort_key, parse_audit_sort_key,
    parse_ban_sort_key, parse_note_sort_key, parse_open_room_sort_key, parse_report_about_sort_key,
    report_about_sort_key,
};
use crate::domain::history::HistoryCursor;
use crate::domain::lockout::Counter;
use crate::domain::webhook::Line;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::{
    AuditId, BanId, MessageId, NoteId, PictureId, PlayerId, PoolName, ReportId, RoomId, SessionId,
};
use shared::time::Time;
use std::collections::HashMap;

/// The tables. Capacity, retention and alarms differ, so there are three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Players and everything about them that changes.
    Core,
    /// Finished matches, a copy of each in the histories of its players, and the queue of disputed ones.
    History,
    /// Events for the operator's backend.
    Events,
}

macro_rules! row_kinds {
    ($($(#[$doc:meta])* $name:ident $tag:literal;)*) => {
        /// Every kind of row that is ever stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum RowKind {
            $($(#[$doc])* $name,)*
        }

        impl RowKind {
            /// All kinds, in the order in which an erasure visits them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The value of the attribute `t`. Streams are filtered by it, and exports show it as `kind`.
            #[must_use]
            pub fn tag(self) -> &'static str {
                match self { $(Self::$name => $tag,)* }
            }
        }
    };
}

// The profile comes after blocks and follows, because it counts them. An account comes after the counter of
// its failed logins, because the account row is what leads to that counter.
row_kinds! {
    /// The last failed logins of an account at an identity provider.
    AccountFailures "count";
    /// The last failed logins from a network address.
    AddressFailures "count";
    /// The last reports that a player made.
    ReportCount "count";
    /// An account at an identity provider, and the player that signs in with it.
    Account "account";
    /// A login: hashes of its refresh tokens, never the tokens.
    Session "session";
    /// The response to a request with an idempotency key.
    Answer "answer";
    /// A player blocks another player.
    Block "block";
    /// A player is blocked by another player: the reverse side of a block.
    BlockedBy "block";
    /// A player follows another player.
    Follow "follow";
    /// A player's skill in a pool.
    Rating "rating";
    /// A picture of a player, in any state.
    Picture "picture";
    /// A moderator's decision, and what became of it.
    Ban "ban";
    /// A signature that was used: a request with it is refused from then on.
    UsedSignature "signature";
    /// A report of a player's behaviour.
    Report "report";
    /// A report in the list of the reported player.
    ReportAbout "report";
    /// A note of a moderator about a player.
    Note "note";
    /// An action of a moderator or of a service key.
    Audit "audit";
    /// A finished match in one player's history; a copy each, so that a page is one query.
    MatchCopy "match";
    /// A finished match; its presence tells a repeated record from a new one.
    Match "match";
    /// A disputed match in the queue of moderators.
    Dispute "dispute";
    /// A room of a queue that is open.
    OpenRoom "room";
    /// An event that an endpoint of a webhook has not received yet.
    Delivery "delivery";
    /// An event that no attempt could deliver.
    DeadDelivery "dead_delivery";
    /// A player's profile row: name, text, epoch, active ban.
    Profile "profile";
    /// The mark that a player is erased, or is being erased.
    Erased "erased";
}

/// The key of a stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Profile(PlayerId),
    /// The player, when the ban was decided, and the ban.
    Ban(PlayerId, Time, BanId),
    /// The first player blocks the second.
    Block(PlayerId, PlayerId),
    /// The first player is blocked by the second.
    BlockedBy(PlayerId, PlayerId),
    /// The first player follows the second.
    Follow(PlayerId, PlayerId),
    Picture(PlayerId, PictureId),
    Erased(PlayerId),
    Rating(PlayerId, PoolName),
    /// The hash of issuer and subject.
    Account(String),
    Counter(Counter),
    /// The tag of the signature.
    UsedSignature(String),
    Report(ReportId),
    /// The reported player, when the region received the report, and the report.
    ReportAbout(PlayerId, Time, ReportId),
    /// The player, when the note was written, and the note.
    Note(PlayerId, Time, NoteId),
    /// When the action happened, and its id.
    Audit(Time, AuditId),
    /// The caller and the caller's idempotency key.
    Answer(PlayerId, String),
    Session(SessionId),
    Match(RoomId),
    MatchCopy(PlayerId, HistoryCursor),
    Dispute(HistoryCursor),
    /// When the room was created, and the room.
    OpenRoom(Time, RoomId),
    /// The line of the event, and its place there.
    Delivery(Line, String),
    DeadDelivery(MessageId),
}

impl Key {
    /// The kind of the row.
    #[must_use]
    pub fn kind(&self) -> RowKind {
        match self {
            Self::Profile(_) => RowKind::Profile,
            Self::Ban(..) => RowKind::Ban,
            Self::Block(..) => RowKind::Block,
            Self::BlockedBy(..) => RowKind::BlockedBy,
            Self::Follow(..) => RowKind::Follow,
            Self::Picture(..) => RowKind::Picture,
            Self::Erased(_) => RowKind::Erased,
            Self::Rating(..) => RowKind::Rating,
            Self::Account(_) => RowKind::Account,
            Self::Counter(Counter::AccountFailures(_)) => RowKind::AccountFailures,
            Self::Counter(Counter::AddressFailures(_)) => RowKind::AddressFailures,
            Self::Counter(Counter::Reports(_)) => RowKind::ReportCount,
            Self::UsedSignature(_) => RowKind::UsedSignature,
            Self::Report(_) => RowKind::Report,
            Self::ReportAbout(..) => RowKind::ReportAbout,
            Self::Note(..) => RowKind::Note,
            Self::Audit(..) => RowKind::Audit,
            Self::Answer(..) => RowKind::Answer,
            Self::Session(_) => RowKind::Session,
            Self::Match(_) => RowKind::Match,
            Self::MatchCopy(..) => RowKind::MatchCopy,
            Self::Dispute(_) => RowKind::Dispute,
            Self::OpenRoom(..) => RowKind::OpenRoom,
            Self::Delivery(..) => RowKind::Delivery,
            Self::DeadDelivery(_) => RowKind::DeadDelivery,
        }
    }

    /// The table that holds the row.
    #[must_use]
    pub fn table(&self) -> Table {
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
            | Self::Counter(_)
            | Self::UsedSignature(_)
            | Self::Report(_)
            | Self::ReportAbout(..)
            | Self::Note(..)
            | Self::Audit(..)
            | Self::Answer(..)
            | Self::Session(_)
            | Self::OpenRoom(..) => Table::Core,
            Self::Delivery(..) | Self::DeadDelivery(_) => Table::Events,
            Self::Match(_) | Self::MatchCopy(..) | Self::Dispute(_) => Table::History,
        }
    }

    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> String {
        match self {
            Self::Profile(player)
            | Self::Ban(player, ..)
            | Self::ReportAbout(player, ..)
            | Self::Note(player, ..)
            | Self::Block(player, _)
            | Self::BlockedBy(player, _)
            | Self::Follow(player, _)
            | Self::Picture(player, _)
            | Self::Erased(player)
            | Self::Rating(player, _) => player_partition(player),
            Self::Account(account) => format!("A#{account}"),
            Self::Counter(Counter::AddressFailures(address)) => format!("L#address:{address}"),
            Self::Counter(Counter::AccountFailures(account)) => format!("L#account:{account}"),
            Self::Counter(Counter::Reports(player)) => format!("L#reports:{player}"),
            Self::UsedSignature(tag) => format!("N#{tag}"),
            Self::Report(id) => format!("R#{id}"),
            Self::Audit(_, id) => audit_partition(audit_shard(id)),
            Self::Answer(player, key) => format!("I#{player}#{key}"),
            Self::Session(sid) => format!("S#{sid}"),
            Self::Match(id) => format!("M#{id}"),
            Self::MatchCopy(player, _) => history_partition(player),
            Self::Dispute(cursor) => dispute_partition(dispute_shard(&cursor.id)),
            Self::OpenRoom(_, id) => open_room_partition(open_room_shard(id)),
            Self::Delivery(line, _) => line_partition(line),
            Self::DeadDelivery(id) => format!("X#{id}"),
        }
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        match self {
            Self::Profile(_) => "PROFILE".into(),
            Self::Ban(_, decided, ban) => ban_sort_key(*decided, ban),
            Self::Block(_, other) => format!("{BLOCK_PREFIX}{other}"),
            Self::BlockedBy(_, other) => format!("{BLOCKED_BY_PREFIX}{other}"),
            Self::Follow(_, other) => format!("{FOLLOW_PREFIX}{other}"),
            Self::Picture(_, id) => format!("{PICTURE_PREFIX}{id}"),
            Self::Erased(_) => "ERASED".into(),
            Self::Rating(_, pool) => format!("{RATING_PREFIX}{pool}"),
            Self::Account(_) => "A".into(),
            Self::Counter(_) => "L".into(),
            Self::UsedSignature(_) => "N".into(),
            Self::Report(_) => "R".into(),
            Self::ReportAbout(_, created, report) => report_about_sort_key(*created, report),
            Self::Note(_, written, note) => note_sort_key(*written, note),
            Self::Audit(at, id) => audit_sort_key(*at, id),
            Self::Answer(..) => "I".into(),
            Self::Session(_) => "S".into(),
            Self::Match(_) => "M".into(),
            Self::MatchCopy(_, cursor) => cursor.sort_key(),
            Self::Dispute(cursor) => cursor.newest_first(),
            Self::OpenRoom(created, id) => open_room_sort_key(*created, id),
            Self::Delivery(_, place) => place.clone(),
            Self::DeadDelivery(_) => "X".into(),
        }
    }

    /// The key attributes as the store takes them.
    #[must_use]
    pub fn item(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk())),
            (SK.to_owned(), AttributeValue::S(self.sk())),
        ])
    }

    /// The key of a stored row, from its partition key and sort key. None for rows of a kind that this
    /// version does not know.
    #[must_use]
    pub fn parse(pk: &str, sk: &str) -> Option<Self> {
        let (kind, rest) = pk.split_once('#')?;
        Some(match (kind, sk) {
            ("U", _) => Self::parse_player_row(rest.parse().ok()?, sk)?,
            ("A", "A") => Self::Account(rest.to_owned()),
            ("L", "L") => Self::Counter(parse_counter(rest)?),
            ("N", "N") => Self::UsedSignature(rest.to_owned()),
            ("R", "R") => Self::Report(rest.parse().ok()?),
            ("I", "I") => {
                let (player, key) = rest.split_once('#')?;
                Self::Answer(player.parse().ok()?, key.to_owned())
            }
            ("S", "S") => Self::Session(rest.parse().ok()?),
            ("M", "M") => Self::Match(rest.parse().ok()?),
            ("AQ", _) => {
                let (at, id) = parse_audit_sort_key(sk)?;
                Self::Audit(at, id)
            }
            ("RO", _) => {
                let (created, id) = parse_open_room_sort_key(sk)?;
                Self::OpenRoom(created, id)
            }
            ("W", _) => {
                let (endpoint, subject) = rest.split_once('#')?;
                let line = Line { endpoint: endpoint.to_owned(), subject: subject.to_owned() };
                Self::Delivery(line, sk.to_owned())
            }
            ("X", "X") => Self::DeadDelivery(rest.parse().ok()?),
            ("DQ", _) => Self::Dispute(HistoryCursor::parse_newest_first(sk)?),
            ("H", _) => Self::MatchCopy(rest.parse().ok()?, HistoryCursor::parse(sk)?),
            _ => return None,
        })
    }

    fn parse_player_row(player: PlayerId, sk: &str) -> Option<Self> {
        if let Some(other) = sk.strip_prefix(BLOCK_PREFIX) {
            return Some(Self::Block(player, other.parse().ok()?));
        }
        if let Some(other) = sk.strip_prefix(BLOCKED_BY_PREFIX) {
            return Some(Self::BlockedBy(player, other.parse().ok()?));
        }
        if let Some(other) = sk.strip_prefix(FOLLOW_PREFIX) {
            return Some(Self::Follow(player, other.parse().ok()?));
        }
        if let Some(picture) = sk.strip_prefix(PICTURE_PREFIX) {
            return Some(Self::Picture(player, picture.parse().ok()?));
        }
        if let Some(pool) = sk.strip_prefix(RATING_PREFIX) {
            return Some(Self::Rating(player, pool.parse().ok()?));
        }
        match sk {
            "PROFILE" => Some(Self::Profile(player)),
            "ERASED" => Some(Self::Erased(player)),
            _ => {
                if let Some((created, report)) = parse_report_about_sort_key(sk) {
                    return Some(Self::ReportAbout(player, created, report));
                }
                if let Some((written, note)) = parse_note_sort_key(sk) {
                    return Some(Self::Note(player, written, note));
                }
                parse_ban_sort_key(sk).map(|(decided, ban)| Self::Ban(player, decided, ban))
            }
        }
    }
}

fn parse_counter(text: &str) -> Option<Counter> {
    let (kind, name) = text.split_once(':')?;
    match kind {
        "address" => Some(Counter::AddressFailures(name.to_owned())),
        "account" => Some(Counter::AccountFailures(name.to_owned())),
        "reports" => Some(Counter::Reports(name.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
