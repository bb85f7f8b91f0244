//! Limits of frames and messages, and the rates at which clients may send them.

use std::time::Duration;

/// The largest frame that a client may send, bytes. The platform buffers up to 32 MiB before it asks; OWASP
/// recommends at most 64 KiB; a chat line or a move fits in a sixteenth of this.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Messages in one array frame: a frame of 64 costs what a frame of one does.
pub const BATCH_MESSAGES_MAX: usize = 64;
/// Nesting depth of JSON: enough for every body, and far below what a parser's stack allows.
pub const JSON_DEPTH_MAX: usize = 32;
/// Bytes of a `key` or an `id` that a client chooses.
pub const KEY_BYTES_MAX: usize = 64;
/// Consecutive faulty frames after which a socket is closed with 4003.
pub const FAULTY_FRAMES_MAX: u32 = 3;
/// Bytes of JSON in the body of `say`, `hint` or `signal`.
pub const BODY_BYTES_MAX: usize = 8 * 1024;
/// Bytes of JSON in the body of `end`: the result travels to the region and into each player's history, whose
/// items hold at most 400 KB.
pub const RESULT_BYTES_MAX: usize = 4 * 1024;

/// Messages per second that a socket may sustain. One inbound message costs 41–48 µs; a room has capacity for
/// about 500 per second.
pub const MESSAGE_RATE_PER_S: u32 = 20;
/// Messages that a socket may send at once before the rate applies.
pub const MESSAGE_RATE_BURST: u32 = 40;
/// Interval at which a client sends `ping`: proxies cut silent connections after about 60 s.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(25);
/// Time after a missed heartbeat at which the client treats the connection as lost.
pub const HEARTBEAT_GRACE: Duration = Duration::from_secs(10);
/// Silence after which the server takes a client for lost. Browsers ring the timers of a page that was hidden for
/// five minutes once a minute, so its pings come every 60 s over a connection that is whole.
pub const SILENCE_MAX: Duration = Duration::from_secs(75);

/// HTTP requests per second from one address, and from one player: a person who taps on a screen is slower.
pub const HTTP_RATE_PER_S: u32 = 10;
/// HTTP requests at once before the rate applies: the requests of one page load.
pub const HTTP_RATE_BURST: u32 = 20;
/// Addresses and players whose rate one isolate remembers: 100 bytes each, of the isolate's 128 MB.
pub const HTTP_RATE_BUCKETS_MAX: usize = 8_192;
/// Sockets per second that one address may open, refused ones included: a school or an office shares an address.
pub const OPENING_RATE_PER_S: u32 = 20;
/// Sockets that one address may open at once before that rate applies.
pub const OPENING_RATE_BURST: u32 = 60;
/// Rooms that do not exist for which one address may look in a second: each look makes the platform create an object.
pub const ABSENT_ROOM_RATE_PER_S: u32 = 1;
/// Such looks before that rate applies: a page with links to finished matches.
pub const ABSENT_ROOM_RATE_BURST: u32 = 20;
