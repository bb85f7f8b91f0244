//! Limits of a player object: connections, reservations, presence.

use std::time::Duration;

/// Connections that a player may have, worldwide.
pub const DEVICES_MAX: usize = 2;
/// Time for which a reservation for a match holds without a further request from the lobby.
pub const RESERVATION_TTL: Duration = Duration::from_secs(30);
/// Released matches that a player object remembers, so that a late or repeated call cannot take the player
/// back. A call is in flight for minutes at most, and a match takes longer than a second.
pub const RELEASED_MATCHES_MAX: usize = 16;
/// Time for which a player who lost the last connection is shown as reconnecting before offline.
pub const OFFLINE_DEBOUNCE: Duration = Duration::from_secs(5);
/// Shortest interval between two presence updates to one recipient; changes in between are merged into one
/// frame.
pub const PRESENCE_INTERVAL: Duration = Duration::from_secs(2);
/// Time for which an object's answer about its sockets is trusted when another player asks for presence.
pub const LEASE_CHECK_TTL: Duration = Duration::from_secs(30);
/// Players in one presence request: each is another object to call.
pub const PRESENCE_PLAYERS_MAX: usize = 100;
/// Open rooms that a player may own at a time: a person plays in two, and shares codes of a few more.
pub const ROOMS_OWNED_MAX: usize = 10;
/// Objects that hold the players, a share each. It must never change in a deployment that has players: each would
/// move to an object that does not know their bans and matches. 64 objects serve 30,000 requests a second.
pub const PLAYER_OBJECTS: u64 = 64;
/// Players that one object keeps in memory before it unloads idle ones: 2 KB each, of the isolate's 128 MB.
pub const PLAYERS_LOADED_MAX: usize = 1_024;
/// Unread notices of the operator's backend that are kept for a player: a few news, not an archive. They are in the player's row.
pub const NOTICES_UNREAD_MAX: usize = 16;
/// Bytes of a notice's body: a text, and what a page needs to show it.
pub const NOTICE_BYTES_MAX: usize = 1_024;
/// Latest notices of a player whose ids are known: a request is repeated within seconds.
pub const NOTICES_KNOWN_MAX: usize = 32;
/// How long an unread notice is kept by default.
pub const NOTICE_TTL: Duration = Duration::from_hours(7 * 24);
/// The longest time for which an unread notice is kept.
pub const NOTICE_TTL_MAX: Duration = Duration::from_hours(30 * 24);
