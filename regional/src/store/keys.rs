//! Every key that the region stores in DynamoDB. No other module spells a partition key, sort key or index
//! key.
//!
//! | row | table | pk | sk | lifetime |
//! |---|---|---|---|---|
//! | profile | core | `U#{player}` | `PROFILE` | until the player is erased |
//! | erasure mark | core | `U#{player}` | `ERASED` | forever: an id and two moments |
//! | picture | core | `U#{player}` | `PICTURE#{picture}` | until its owner removes it |
//! | rating | core | `U#{player}` | `RATING#{pool}` | until the player is erased. GSI1: `LB#{pool}#{0-7}`, `{score, 8 digits}#{9999999999999 - last, 13 digits of ms}#{player}` |
//! | ban, active or past | core | `U#{player}` | `BAN#{decided, 13 digits of ms}#{ban}` | forever |
//! | report, in the list of the reported player | core | `U#{player}` | `CASE#{created, 13 digits of ms}#{report}` | forever |
//! | note of a moderator about a player | core | `U#{player}` | `NOTE#{written, 13 digits of ms}#{note}` | until the player is erased |
//! | block | core | `U#{player}` | `X#B#{other}` | until the player unblocks |
//! | reverse side of a block | core | `U#{player}` | `X#b#{other}` | as the block, always written together with it |
//! | follow | core | `U#{player}` | `F#{other}` | until the player unfollows. GSI1: `U#{other}`, `F#{player}` |
//! | account at an identity provider | core | `A#{hash of issuer and subject}` | `A` | until the player is erased. GSI1: `U#{player}`, `A#{hash}` |
//! | sliding window counter | core | `L#{address:…, account:… or reports:…}` | `L` | until its window has passed; `ttl` collects it |
//! | used signature of a request that must not be replayed | core | `N#{signature}` | `N` | two minutes; `ttl` collects it |
//! | report | core | `R#{report}` | `R` | forever. GSI1 while it is open: `RQ#open#{0-7}`, `{created, 13 digits of ms}#{report}` |
//! | response to a request with an idempotency key | core | `I#{player}#{key}` | `I` | a day; `ttl` collects it. GSI1: `U#{player}`, `I#{key}` |
//! | session | core | `S#{sid}` | `S` | a day unused, 30 at most; `ttl` collects it. GSI1 until it is revoked: `U#{player}`, `S#{created}` |
//! | action in the audit trail | core | `AQ#{0-7}` | `{9999999999999 - at, 13 digits of ms}#{action}` | 400 days; `ttl` collects it |
//! | open room of a queue | core | `RO#{0-7}` | `{9999999999999 - created, 13 digits of ms}#{room}` | until the record of its match is stored, 28 hours at most; `ttl` collects it. GSI1: `RP#{pool}#{0-7}`, the same sort key |
//! | match | history | `M#{match}` | `M` | `HISTORY_DAYS`; `ttl` collects it |
//! | a player's copy of a match | history | `H#{player}` | `{ended, 13 digits of ms}#{match}` | as the match |
//! | entry of a disputed match | history | `DQ#{0-7}` | `{9999999999999 - ended, 13 digits of ms}#{match}` | as the match |
//! | event for an endpoint | events | `W#{endpoint}#{match or player}` | `0#{message}` (made), `1#{at, 13 digits of ms}#{0 or 1}#{message}` or `2#{message}` (erased) | until it is delivered or dead, 31 days at most; `ttl` collects it. GSI1: `WD#{endpoint}#{0-7}`, `{due, 13 digits of ms}#{message}` |
//! | dead event | events | `X#{message}` | `X` | 30 days or until it is replayed; `ttl` collects it. GSI1: `WX#{0-7}`, `{9999999999999 - died, 13 digits of ms}#{message}` |
//!
//! The rows that matchmaking reads come last in a player's partition, from `PROFILE` on, so that one read
//! returns them.
//!
//! Every item has `t` (its tag); mutable items have `v` (their version). `ttl` is seconds since 1970.
//! DynamoDB deletes an expired item within days, so every read compares `ttl` with the clock.

mod index;
mod key;
mod sort_key;

pub use index::{
    AUDIT_SHARDS, BAN_PREFIX, BLOCK_PREFIX, BLOCKED_BY_PREFIX, DEAD_SHARDS, DISPUTE_SHARDS, DUE_SHARDS,
    FOLLOW_PREFIX, GSI1, GSI1PK, GSI1SK, INDEXED_ACCOUNTS, INDEXED_ANSWERS, INDEXED_FOLLOWERS,
    INDEXED_SESSIONS, IndexKey, LEADERBOARD_SHARDS, NOTE_PREFIX, OPEN_ROOM_SHARDS, PICTURE_PREFIX, PK,
    RATING_PREFIX, REPORT_ABOUT_PREFIX, REPORT_SHARDS, SK, TTL, account_index, answer_index, audit_partition,
    audit_shard, dead_partition, dead_shard, dispute_partition, dispute_shard, due_partition, due_shard,
    follower_index, history_partition, line_partition, open_room_index_partition, open_room_partition,
    open_room_shard, player_partition, probe_key, rating_index, rating_index_partition, report_index,
    report_index_partition, session_index,
};
pub use key::{Key, RowKind, Table};
pub use sort_key::{
    AFTER_ALL, BEFORE_ALL, audit_sort_key, ban_sort_key, dead_sort_key, delivery_sort_key, directly_after,
    due_end, due_sort_key, history_range, is_dead_sort_key, note_sort_key, open_room_sort_key,
    parse_audit_sort_key, parse_ban_sort_key, parse_due, parse_note_sort_key, parse_open_room_sort_key,
    parse_report_about_sort_key, report_about_sort_key, same_score_end,
};
