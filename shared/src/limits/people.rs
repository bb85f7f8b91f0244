//! Limits of profiles, pictures, lists, blocks, follows and reports.

use std::time::Duration;

/// Characters of a display name.
pub const NAME_CHARS_MAX: usize = 40;
/// Characters of a profile's text.
pub const BIO_CHARS_MAX: usize = 500;
/// Attributes of a profile: with the tier and the attributes of `enter` they fit into `ATTRS_MAX`.
pub const PROFILE_ATTRS_MAX: usize = 12;
/// Bytes of JSON in a profile's private part, for settings and not for files: every read of the profile reads
/// it.
pub const PRIVATE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of an uploaded picture: a photo from a phone.
pub const PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Longest side of an uploaded picture, pixels.
pub const PICTURE_SIDE_MAX: u32 = 10_000;
/// Pixels of an uploaded picture: a photo of a good phone.
pub const PICTURE_PIXELS_MAX: u64 = 25_000_000;
/// Bytes of a picture when it is decoded, at four for each pixel: with working space it fits into the function's
/// memory several times.
pub const PICTURE_DECODED_BYTES_MAX: u64 = 100_000_000;
/// Pictures of a profile, including uploads in progress.
pub const PICTURES_MAX: usize = 6;
/// Lifetime of an upload URL.
pub const UPLOAD_URL_TTL: Duration = Duration::from_secs(600);
/// Items on one page of a list.
pub const PAGE_SIZE_MAX: usize = 50;
/// Items on one page where the caller does not state a size.
pub const PAGE_SIZE_DEFAULT: usize = 20;
/// Lifetime of a history cursor: as long as a page may stay open in a browser.
pub const CURSOR_TTL: Duration = Duration::from_secs(24 * 3600);
/// Matches that one call of the store reads in search of those of one pool: about as many as its page of one
/// megabyte has.
pub const HISTORY_SCAN_ITEMS_MAX: usize = 1000;
/// Bytes of a page cursor: the longest key of a row in base64, twice.
pub const CURSOR_BYTES_MAX: usize = 512;
/// Profiles in one request: as many as one batch read returns.
pub const PROFILES_BATCH_MAX: usize = 100;
/// Characters of a device's description.
pub const DEVICE_NAME_CHARS_MAX: usize = 120;
/// Players that a player may block. Each block is a row on both sides, and all are read when the player
/// enters a queue.
pub const BLOCKS_MAX: usize = 1000;
/// Players that a player may follow: all are read to decide who may see the player's presence.
pub const FOLLOWS_MAX: usize = 1000;
/// Characters of the reason of a ban, of an appeal, and of a report's text.
pub const REASON_CHARS_MAX: usize = 1000;
/// Reports that a player may make within `REPORTS_WINDOW`: moderators read each of them.
pub const REPORTS_MAX: usize = 20;
/// Window of `REPORTS_MAX`.
pub const REPORTS_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a response that is kept for a repeated request with the same idempotency key: an item of 4 KB
/// costs little to write.
pub const IDEMPOTENT_RESPONSE_BYTES_MAX: usize = 16 * 1024;
/// Lifetime of such a response.
pub const IDEMPOTENT_RESPONSE_TTL: Duration = Duration::from_secs(24 * 3600);
/// Bytes of JSON in a report's evidence: with its other fields it stays below `HTTP_BODY_BYTES_MAX`.
pub const EVIDENCE_BYTES_MAX: usize = 32 * 1024;
/// Matches of the last day whose opponents a matchmaking profile lists.
pub const RECENT_OPPONENT_MATCHES_MAX: usize = 20;
/// Time for which an opponent counts as recent.
pub const RECENT_OPPONENTS_WINDOW: Duration = Duration::from_secs(24 * 3600);
