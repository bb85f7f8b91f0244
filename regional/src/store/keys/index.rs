//! Attribute names, partitions, sort key prefixes, and the keys of the sparse index.

use crate::domain::leaderboard::RankKey;
use crate::domain::report::Case;
use crate::domain::webhook::Line;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::hash::fnv;
use shared::id::{AuditId, MessageId, PlayerId, PoolName, ReportId, RoomId};
use std::collections::HashMap;

/// The attribute of the partition key.
pub const PK: &str = "pk";
/// The attribute of the sort key.
pub const SK: &str = "sk";
/// The attribute of the sparse index's partition key, in core and events.
pub const GSI1PK: &str = "gsi1pk";
/// The attribute of the sparse index's sort key.
pub const GSI1SK: &str = "gsi1sk";
/// The name of the sparse index.
pub const GSI1: &str = "gsi1";
/// The attribute that says from when on the store may delete an item, in seconds since 1970.
pub const TTL: &str = "ttl";

/// The prefix of the sort keys of a player's bans.
pub const BAN_PREFIX: &str = "BAN#";
/// The prefix of the sort keys of the reports about a player.
pub const REPORT_ABOUT_PREFIX: &str = "CASE#";
/// The prefix of the sort keys of the notes about a player.
pub const NOTE_PREFIX: &str = "NOTE#";
/// The prefix of the sort keys of a player's pictures.
pub const PICTURE_PREFIX: &str = "PICTURE#";
/// The prefix of the sort keys of a player's ratings.
pub const RATING_PREFIX: &str = "RATING#";
/// The prefix of the sort keys of the players that a player blocks.
pub const BLOCK_PREFIX: &str = "X#B#";
/// The prefix of the sort keys of the players that block a player.
pub const BLOCKED_BY_PREFIX: &str = "X#b#";
/// The prefix of the sort keys of the players that a player follows.
pub const FOLLOW_PREFIX: &str = "F#";

/// The prefix of the index sort keys of a player's accounts at identity providers.
pub const INDEXED_ACCOUNTS: &str = "A#";
/// The prefix of the index sort keys of a player's sessions.
pub const INDEXED_SESSIONS: &str = "S#";
/// The prefix of the index sort keys of a player's followers.
pub const INDEXED_FOLLOWERS: &str = "F#";
/// The prefix of the index sort keys of the stored responses to a player's requests.
pub const INDEXED_ANSWERS: &str = "I#";

/// Shards of a pool's leaderboard. One partition of the index takes a thousand writes a second.
pub const LEADERBOARD_SHARDS: u8 = 8;
/// Shards of the queue of open reports, so that a wave of reports does not hit one partition.
pub const REPORT_SHARDS: u8 = 8;
/// Shards of the queue of disputed matches, for the same reason.
pub const DISPUTE_SHARDS: u8 = 8;

/// Shards of the audit trail.
pub const AUDIT_SHARDS: u8 = 8;

/// Shards of the open rooms, of all and of each pool.
pub const OPEN_ROOM_SHARDS: u8 = 8;
/// Shards of the events that are due at one endpoint.
pub const DUE_SHARDS: u8 = 8;
/// Shards of the dead events.
pub const DEAD_SHARDS: u8 = 8;

/// The partition key and the sort key of an entry in the sparse index.
pub type IndexKey = (String, String);

/// The partition that holds a player's profile, relations, ratings, pictures and bans.
#[must_use]
pub fn player_partition(player: &PlayerId) -> String {
    format!("U#{player}")
}

/// The partition that holds a player's match history.
#[must_use]
pub fn history_partition(player: &PlayerId) -> String {
    format!("H#{player}")
}

/// The key of an item that never exists. Readiness checks read it to learn that a table answers.
#[must_use]
pub fn probe_key() -> HashMap<String, AttributeValue> {
    let text = || AttributeValue::S("NOTHING".into());
    HashMap::from([(PK.to_owned(), text()), (SK.to_owned(), text())])
}

/// The index key of a follow row: lists all followers of a player.
#[must_use]
pub fn follower_index(player: &PlayerId, follower: &PlayerId) -> IndexKey {
    (player_partition(player), format!("{INDEXED_FOLLOWERS}{follower}"))
}

/// The index key of an account row: lists all accounts of a player.
#[must_use]
pub fn account_index(player: &PlayerId, account: &str) -> IndexKey {
    (player_partition(player), format!("{INDEXED_ACCOUNTS}{account}"))
}

/// The index key of a stored response: lists all stored responses to a player's requests.
#[must_use]
pub fn answer_index(player: &PlayerId, key: &str) -> IndexKey {
    (player_partition(player), format!("{INDEXED_ANSWERS}{key}"))
}

/// The index key of a session: lists all sessions of a player by age.
#[must_use]
pub fn session_index(player: &PlayerId, created_ms: u64) -> IndexKey {
    (player_partition(player), format!("{INDEXED_SESSIONS}{created_ms:013}"))
}

/// The index key of an open report: lists the open reports by age.
#[must_use]
pub fn report_index(case: &Case) -> IndexKey {
    (report_index_partition(report_shard(&case.report.id)), case.queue_key())
}

/// The index partition of one shard of the open reports.
#[must_use]
pub fn report_index_partition(shard: u8) -> String {
    format!("RQ#open#{shard}")
}

/// The shard that an open report belongs to.
fn report_shard(id: &ReportId) -> u8 {
    id.as_str().bytes().fold(0, u8::wrapping_add) % REPORT_SHARDS
}

/// The partition of one shard of the audit trail.
#[must_use]
pub fn audit_partition(shard: u8) -> String {
    format!("AQ#{shard}")
}

/// The partition of one shard of the disputed matches. It lies in the history table, where an entry is written together
/// with its match, and needs no index.
#[must_use]
pub fn dispute_partition(shard: u8) -> String {
    format!("DQ#{shard}")
}

/// The shard that a disputed match belongs to.
#[must_use]
pub fn dispute_shard(id: &RoomId) -> u8 {
    shard_of(id.as_str(), DISPUTE_SHARDS)
}

/// The shard that an action of the audit trail belongs to.
#[must_use]
pub fn audit_shard(id: &AuditId) -> u8 {
    shard_of(id.as_str(), AUDIT_SHARDS)
}

/// The partition of one shard of the open rooms.
#[must_use]
pub fn open_room_partition(shard: u8) -> String {
    format!("RO#{shard}")
}

/// The index partition of one shard of a pool's open rooms. Its sort keys are those of the rows.
#[must_use]
pub fn open_room_index_partition(pool: &PoolName, shard: u8) -> String {
    format!("RP#{pool}#{shard}")
}

/// The shard that an open room belongs to, among all rooms and among those of its pool.
#[must_use]
pub fn open_room_shard(id: &RoomId) -> u8 {
    shard_of(id.as_str(), OPEN_ROOM_SHARDS)
}

/// The partition of the events of one subject for one endpoint.
#[must_use]
pub fn line_partition(line: &Line) -> String {
    let Line { endpoint, subject } = line;
    format!("W#{endpoint}#{subject}")
}

/// The index partition of one shard of an endpoint's events, which lists them by the time at which they are due.
#[must_use]
pub fn due_partition(endpoint: &str, shard: u8) -> String {
    format!("WD#{endpoint}#{shard}")
}

/// The shard of an endpoint's due events that a line belongs to.
#[must_use]
pub fn due_shard(line: &Line) -> u8 {
    shard_of(&line.subject, DUE_SHARDS)
}

/// The index partition of one shard of the dead events.
#[must_use]
pub fn dead_partition(shard: u8) -> String {
    format!("WX#{shard}")
}

/// The shard that a dead event belongs to.
#[must_use]
pub fn dead_shard(id: &MessageId) -> u8 {
    shard_of(id.as_str(), DEAD_SHARDS)
}

/// The shard of a name among this many.
fn shard_of(name: &str, shards: u8) -> u8 {
    u8::try_from(fnv(name.as_bytes()) % u64::from(shards)).unwrap_or_default()
}

/// The index key of a rating: its rank on the leaderboard of the pool.
#[must_use]
pub fn rating_index(pool: &PoolName, rank: &RankKey) -> IndexKey {
    (rating_index_partition(pool, leaderboard_shard(&rank.player)), rank.sort_key())
}

/// The index partition of one shard of a pool's leaderboard.
#[must_use]
pub fn rating_index_partition(pool: &PoolName, shard: u8) -> String {
    format!("LB#{pool}#{shard}")
}

/// The shard of a leaderboard that a player belongs to.
fn leaderboard_shard(player: &PlayerId) -> u8 {
    shard_of(player.as_str(), LEADERBOARD_SHARDS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn reports_are_spread_over_all_shards() {
        let shards: BTreeSet<u8> =
            (0..64).map(|n| report_shard(&format!("r_{n}").parse().unwrap())).collect();
        assert_eq!(shards.len(), usize::from(REPORT_SHARDS));
    }

    #[test]
    fn disputes_are_spread_over_all_shards() {
        let shards: BTreeSet<u8> =
            (0..64).map(|n| dispute_shard(&format!("m_{n}").parse().unwrap())).collect();
        assert_eq!(shards.len(), usize::from(DISPUTE_SHARDS));
    }
}
