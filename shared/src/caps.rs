//! Every limit, with its name and its reason. Nothing in the system grows without one of these.

use std::time::Duration;

// --- frames -------------------------------------------------------------------------------------

/// The largest frame a client may send, bytes. A platform buffers 32 MiB before it asks us; OWASP says 64 KiB
/// at the most; a chat line or a move fits in 1/16 of this.
pub const FRAME_BYTES: usize = 16 * 1024;
/// Messages in one array frame: a frame of 64 costs what a frame of one does.
pub const BATCH: usize = 64;
/// Nesting of JSON: what a body needs, far below what a parser's stack would allow.
pub const JSON_DEPTH: usize = 32;
/// A `key` or an `id` chosen by a client, bytes.
pub const KEY_BYTES: usize = 64;
/// Faulty frames in a row before a socket is closed with 4003.
pub const BAD_FRAMES: u32 = 3;
/// A body of `say`, `hint` or `signal`, bytes of JSON.
pub const BODY_BYTES: usize = 8 * 1024;
/// A body of `end`: the result travels to the region and into each player's history (an item is 400 KB at most).
pub const RESULT_BYTES: usize = 4 * 1024;

// --- pace ---------------------------------------------------------------------------------------

/// Messages a second that a socket may keep up. Inbound costs 41–48 µs each; a room has about 500/s.
pub const PER_S: u32 = 20;
/// Messages at once before the pace counts.
pub const BURST: u32 = 40;
/// How often the client says `ping`; proxies cut silent connections from about 60 s on.
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// How long after that the client calls the connection lost.
pub const HEARTBEAT_GRACE: Duration = Duration::from_secs(10);

/// HTTP requests a second of one address, and of one player: nobody who taps on a screen is faster.
pub const HTTP_PER_S: u32 = 10;
/// HTTP requests at once before the pace counts: a page that loads.
pub const HTTP_BURST: u32 = 20;
/// Addresses and players whose pace an isolate remembers: 100 bytes each in 128 MB.
pub const HTTP_BUCKETS: usize = 8_192;

// --- a room -------------------------------------------------------------------------------------

/// Seats in a room; beyond this a room needs relays.
pub const SEATS: usize = 64;
/// Sockets of those who watch.
pub const SPECTATORS: usize = 1000;
/// Events kept for a resume.
pub const LOG_EVENTS: usize = 300;
/// How long an event is kept for a resume.
pub const LOG_AGE: Duration = Duration::from_secs(120);
/// Bytes of events kept for a resume: the isolate's 128 MB is shared by many rooms.
pub const LOG_BYTES: usize = 256 * 1024;
/// Results of commands remembered by key: at least twice what a resume can ask for, and what the rows of the log
/// always hold.
pub const KEYS: usize = 600;
/// Events not yet on disk, before they are written as a chunk. One row for 50 messages, not 50 rows.
pub const CHUNK_EVENTS: usize = 50;
/// Bytes not yet on disk, before they are written as a chunk. A row holds 2 MB at most.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// How long an event may wait for the disk.
pub const CHUNK_AGE: Duration = Duration::from_secs(5);
/// Rows that hold the log, used in turn: two neighbours hold more than `CHUNK_EVENTS`, so 300 events need 13.
pub const CHUNK_SLOTS: u64 = 24;
/// Bytes of unwritten events a socket's attachment carries; the platform allows 16,384 for the whole.
pub const JOURNAL_BYTES: usize = 12 * 1024;
/// The board, all keys and values.
pub const BOARD_BYTES: usize = 16 * 1024;
/// Keys of the board.
pub const BOARD_KEYS: usize = 256;
/// How long a seat is kept for somebody whose socket was lost.
pub const SEAT_GRACE: Duration = Duration::from_secs(60);
/// How long a room waits for somebody who never came.
pub const NO_SHOW: Duration = Duration::from_secs(60);
/// How long a room lives at most, unless its pool says less.
pub const ROOM_AGE: Duration = Duration::from_secs(4 * 3600);
/// How long a finished room still answers, so that who lost the connection hears how it ended.
pub const LINGER: Duration = Duration::from_secs(120);

/// Events that a room adds to a report, the last ones, and their bytes: the report waits in the room's row.
pub const EVIDENCE_EVENTS: usize = 50;
/// See `EVIDENCE_EVENTS`.
pub const EVIDENCE_ROOM_BYTES: usize = 16 * 1024;
/// Reports of a room that the region has not confirmed yet, for the same reason.
pub const REPORTS_OPEN: usize = 4;

// --- delivery -----------------------------------------------------------------------------------

/// Events a recipient may be behind before hints to it are dropped.
pub const LAG_HINTS: u64 = 300;
/// Events a recipient may be behind before it gets a snapshot in place of events.
pub const LAG_RESYNC: u64 = 600;
/// Events a recipient may be behind before it is closed with 4104.
pub const LAG_CLOSE: u64 = 1200;

/// After this much quiet the next event goes out at once.
pub const GATHER_QUIET: Duration = Duration::from_millis(2);
/// The longest that output is gathered while the machine stays busy.
pub const GATHER_MOST: Duration = Duration::from_millis(16);

// --- a lobby ------------------------------------------------------------------------------------

/// Tickets in one lobby shard.
pub const TICKETS: usize = 10_000;
/// Attributes of a ticket.
pub const ATTRS: usize = 16;
/// Wants of a ticket.
pub const WANTS: usize = 16;
/// Changes of a lobby are told at most this often.
pub const LOBBY_EVERY: Duration = Duration::from_secs(2);
/// People about whom one lobby asks the region at the same time: at 50 ms an answer 160 a second, more than a lobby
/// can seat. The others wait for their turn.
pub const LOOKS: usize = 8;
/// People who wait for that turn, 8 KiB of what they said each.
pub const LOOKS_WAITING: usize = 1000;
/// How long they do. With the question itself (`CALL`) less than what clients wait for an answer.
pub const LOOK_WAIT: Duration = Duration::from_secs(5);
/// How long a ticket waits for a lost socket.
pub const TICKET_PAUSE: Duration = Duration::from_secs(30);
/// How long a ticket waits for a match.
pub const TICKET_AGE: Duration = Duration::from_secs(3600);
/// Longest rest of a ticket whose player another lobby wanted at the same time. Each rests another part of it, so
/// that two lobbies do not meet for ever.
pub const REST: Duration = Duration::from_secs(2);
/// Matches whose people a lobby keeps apart, the last ones, a row each: the region knows of a match when it is over.
pub const MET: usize = 2048;
/// Longest time that a proposal may be open, seconds: the players are reserved meanwhile, and have to be committed
/// before that ends.
pub const PROPOSE_S: u32 = 20;
/// How long somebody who let others down may not enter; each time doubles it.
pub const COOLDOWN: Duration = Duration::from_secs(30);
/// Longest such time, and how long after it one is forgiven.
pub const COOLDOWN_MAX: Duration = Duration::from_secs(900);
/// People whose cooldown a lobby remembers, the last ones; a row each.
pub const COOLDOWNS: usize = 512;
/// Kinds of tickets that a lobby tells apart: those with the same wants and the same wanted attributes are one kind,
/// and who fits whom is known for a pair of kinds, 12 bytes each. Of more than these, first the numbers of one attribute
/// after the other are told apart no more, then the rest is looked at one by one.
pub const KINDS: usize = 512;
/// Tickets that are looked at for one match of many seats: the nearest, or those who wait longest.
pub const GROUP_LOOK: usize = 256;
/// Steps of the search for those among them who fill the seats: it finds who fits almost always at once.
pub const GROUP_STEPS: usize = 2_000;
/// How often, and with how many neighbours, pairs that one plan makes are compared to swap partners: this reaches the
/// least sum of gaps in all measured snapshots of up to 200.
pub const SWAP_PASSES: usize = 4;
/// What an exchange has to gain, as a part of the pool's window.
pub const SWAP_LEAST: f64 = 0.0001;
/// Neighbours of each pair.
pub const SWAP_LOOK: usize = 8;
/// Who waited longer than this is matched before those who came later, unless the pool says otherwise.
pub const FAIR_AFTER: Duration = Duration::from_secs(60);
/// Longest patience that a pool may give a ticket, seconds.
pub const PATIENCE_S: u32 = 24 * 3600;
/// Pools of a deployment.
pub const POOLS: usize = 64;
/// Parts of a divided queue.
pub const SHARDS: u16 = 64;
/// Waits remembered for the estimate: 40 bytes each in a row that every match writes.
pub const WAITS: usize = 128;
/// How long they count.
pub const WAITS_AGE: Duration = Duration::from_secs(600);
/// So many waits of those who were alike say more than those of all.
pub const WAITS_ALIKE: usize = 8;
/// Parties in one lobby.
pub const PARTIES: usize = 2_000;
/// How long a party lives that does not enter, or whose match is over.
pub const PARTY_AGE: Duration = Duration::from_secs(3600);

// --- a player -----------------------------------------------------------------------------------

/// Connections a player may have, worldwide.
pub const DEVICES: usize = 2;
/// How long a reservation for a match holds without a word from the lobby.
pub const RESERVATION: Duration = Duration::from_secs(30);
/// Matches that are remembered to have let a player go, so that a late or second call cannot take them back. A call
/// is out for minutes at most, a match takes longer than a second.
pub const FREED: usize = 16;
/// How long somebody who lost the last connection is shown as coming back, before they are shown as gone.
pub const FLAP: Duration = Duration::from_secs(5);
/// Who hears of presence hears of it at most this often, everything since in one frame.
pub const PRESENCE_EVERY: Duration = Duration::from_secs(2);
/// How long what an object said of its sockets is taken for true when somebody asks how its player is.
pub const LOOKED: Duration = Duration::from_secs(30);
/// Players whose presence one request may ask for: each is another object.
pub const PRESENCE_PLAYERS: usize = 100;
/// Logins that are remembered to have ended: more than end in a token's life.
pub const ENDED: usize = 64;

// --- calls and tokens ---------------------------------------------------------------------------

/// How long an access token lives.
pub const TOKEN: Duration = Duration::from_secs(600);
/// How far two clocks may differ.
pub const SKEW: Duration = Duration::from_secs(30);
/// How old a signed request between edge and region may be.
pub const SIGNED: Duration = Duration::from_secs(60);
/// Longest access token that is looked at, bytes.
pub const TOKEN_BYTES: usize = 2048;
/// How often an unknown key id may send the edge to the region's key set.
pub const KEYS_AGAIN: Duration = Duration::from_secs(60);
/// The same, after the region could not be reached.
pub const KEYS_SOON: Duration = Duration::from_secs(2);
/// How long the edge waits for the region or another object.
pub const CALL: Duration = Duration::from_secs(3);
/// First wait before an unconfirmed call is repeated; it doubles up to `RETRY_MAX`.
pub const RETRY: Duration = Duration::from_secs(2);
/// Longest wait before an unconfirmed call is repeated.
pub const RETRY_MAX: Duration = Duration::from_secs(300);
/// The same, where people wait in a lobby for the answer: a room holds their seats for `NO_SHOW` only.
pub const RETRY_WAITED: Duration = Duration::from_secs(8);
/// Other objects that one request asks at the same time: enough to hide their latency, few enough not to be told off.
pub const AT_ONCE: usize = 16;
/// Notices that the region gives the edge at once: each is 100 bytes and a call to somebody's object.
pub const NOTICES: usize = 50;
/// What another server may answer the region, bytes: a provider's keys are a tenth of this.
pub const ANSWER_BYTES: usize = 256 * 1024;
/// How long the region waits for a provider's keys: less than `REGION_REQUEST`, so that whoever signs in hears why.
pub const PROVIDER: Duration = Duration::from_secs(2);
/// How long a provider's keys are good where it does not say.
pub const PROVIDER_KEYS: Duration = Duration::from_secs(300);
/// How long a provider's keys are believed at the most: whatever it says, and while it does not answer.
pub const PROVIDER_KEYS_MOST: Duration = Duration::from_secs(24 * 3600);
/// Longest id token that is looked at, bytes: some providers put groups and pictures in.
pub const ID_TOKEN_BYTES: usize = 8 * 1024;
/// Longest subject of an id token, bytes: what the standard allows.
pub const SUBJECT_BYTES: usize = 255;
/// Failed logins of an account within `ACCOUNT_FAILURES_IN`, before it has to wait.
pub const ACCOUNT_FAILURES: usize = 5;
/// See `ACCOUNT_FAILURES`: a person who mistakes something has to wait a minute at the most.
pub const ACCOUNT_FAILURES_IN: Duration = Duration::from_secs(60);
/// Failed logins from an address within `ADDRESS_FAILURES_IN`, before it has to wait.
pub const ADDRESS_FAILURES: usize = 10;
/// See `ADDRESS_FAILURES`: many people may share one, a machine that tries has only this.
pub const ADDRESS_FAILURES_IN: Duration = Duration::from_secs(600);
/// Requests a second that one may make to the region, unless it is told otherwise: as the plans have it.
pub const ASKS_PER_S: u32 = 10;
/// Requests at once before that counts.
pub const ASKS_BURST: u32 = 20;
/// People and addresses whose pace one copy of the region remembers: 100 bytes each.
pub const PACES: usize = 10_000;
/// A body sent to the region over HTTP, bytes.
pub const HTTP_BODY: usize = 64 * 1024;

// --- people -------------------------------------------------------------------------------------

/// A display name, characters.
pub const NAME_CHARS: usize = 40;
/// A profile's text, characters.
pub const BIO_CHARS: usize = 500;
/// Attributes of a profile: with the tier and what `enter` adds, they fit into those of a ticket.
pub const PROFILE_ATTRS: usize = 12;
/// The private part of a profile, bytes of JSON: settings, not files. It is read with every read of the profile.
pub const PRIVATE_BYTES: usize = 4 * 1024;
/// A picture that is uploaded, bytes: what a telephone's camera makes.
pub const PICTURE_BYTES: usize = 5 * 1024 * 1024;
/// Its longest side, pixels.
pub const PICTURE_SIDE: u32 = 10_000;
/// All its pixels: decoded, with room to work, they fit into the function's memory.
pub const PICTURE_PIXELS: u64 = 25_000_000;
/// Pictures of a profile, those under way among them.
pub const PICTURES: usize = 6;
/// How long the address for an upload is good.
pub const UPLOAD: Duration = Duration::from_secs(600);
/// A page of a list, items.
pub const PAGE: usize = 50;
/// How long the cursor of one's history leads on: as long as somebody may leave a page open.
pub const CURSOR: Duration = Duration::from_secs(24 * 3600);
/// Pages of history that one request looks through for matches of one pool.
pub const HISTORY_LOOKS: usize = 4;
/// A page of a list, items, unless the caller says otherwise.
pub const PAGE_UNASKED: usize = 20;
/// Profiles that one request may ask for: as many as one batch read takes.
pub const PROFILES: usize = 100;
/// How long a login lives without being used, unless the region is told otherwise: as long as the plans keep one.
pub const SESSION_IDLE: Duration = Duration::from_secs(24 * 3600);
/// How long a login lives however often it is used, unless the region is told otherwise.
pub const SESSION_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Logins that a list shows, the newest: as many as one batch read takes.
pub const SESSIONS: usize = 100;
/// What a device says of itself, characters.
pub const DEVICE_CHARS: usize = 120;
/// People whom one may block. Each is a row on both sides, and all of one's own are read when one enters a queue.
pub const BLOCKS: usize = 1000;
/// People whom one may follow: all of them are read to say who may see that one is here.
pub const FOLLOWS: usize = 1000;
/// Why somebody is banned, and what they say to it; what a report says: characters.
pub const REASON_CHARS: usize = 1000;
/// Reports that one may make within `REPORTS_IN`: moderators read each of them.
pub const REPORTS: usize = 20;
/// See `REPORTS`.
pub const REPORTS_IN: Duration = Duration::from_secs(24 * 3600);
/// An answer that is kept for whoever repeats a request by its key, bytes: an item of 4 KB costs little to write.
pub const ANSWER_KEPT_BYTES: usize = 16 * 1024;
/// How long such an answer is kept.
pub const ANSWER_KEPT: Duration = Duration::from_secs(24 * 3600);
/// Evidence of a report, bytes of JSON: with the rest it stays below what a request may have.
pub const EVIDENCE_BYTES: usize = 32 * 1024;
/// Matches of the last day whose opponents a standing names.
pub const RECENT: usize = 20;
/// How long somebody whom one met counts as met lately.
pub const RECENT_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long a spent refresh token still gives the pair that replaced it: a lost answer, or two tabs at once.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

// --- ratings ------------------------------------------------------------------------------------

/// The deviation of somebody who has not played, and the most there is: Glickman's.
pub const DEVIATION_MOST: f64 = 350.0;
/// The least deviation: below it a rating would hardly move any more, however they play.
pub const DEVIATION_LEAST: f64 = 45.0;
/// A rating period: a deviation of 60 grows to 110 in a year (78 periods) without a match.
pub const RATING_PERIOD: Duration = Duration::from_secs(403_000);

/// Places of a leaderboard that are shown.
pub const LEADERS: usize = 100;
/// Places above and below one's own that are shown.
pub const NEIGHBOURS: usize = 10;
/// Ranks are exact up to here: who is further down would be counted for more than the answer is worth.
pub const RANKED: u64 = 5_000;
/// How long an answer about a leaderboard may be kept: a leader changes once a match.
pub const BOARD_FRESH: Duration = Duration::from_secs(10);
/// How far the index behind it is late at the most while the store is well; it follows within a fraction of that.
pub const BOARD_LATE: Duration = Duration::from_secs(2);

// --- reads through the edge ---------------------------------------------------------------------

/// How long a copy of a profile counts, unless the deployment says otherwise. A change is announced, but only where
/// the announcement arrives.
pub const COPY_FRESH: Duration = Duration::from_secs(60);
/// Until then it counts where the region does not answer: better yesterday's name than none.
pub const COPY_OLD: Duration = Duration::from_secs(24 * 3600);
/// How long it is known that a player is not there: a wrong link may be followed often, a new player comes once.
pub const COPY_MISSING: Duration = Duration::from_secs(10);
/// Copies that an isolate keeps.
pub const COPIES: usize = 10_000;
/// Bytes of them: the isolate's 128 MB are its rooms'.
pub const COPIES_BYTES: usize = 8 * 1024 * 1024;
/// Copies that one request looks for in the location's cache, whose calls are counted; the region gives the rest at
/// once.
pub const COPIES_LOOKED: usize = 40;
/// How long another request waits before it looks again whether a copy has come that is being fetched.
pub const COPY_AGAIN: Duration = Duration::from_millis(8);
/// How long nobody asks again for what could not be had.
pub const COPY_REST: Duration = Duration::from_secs(1);
/// One attempt at a read; two and a wait fit in `CALL`.
pub const READ_ATTEMPT: Duration = Duration::from_millis(1_300);
/// Attempts at a read.
pub const READ_ATTEMPTS: u32 = 2;
/// Retries, of a hundred first attempts: an outage must not multiply the load.
pub const RETRY_PERCENT: u32 = 10;
/// Retries that may be saved up.
pub const RETRIES_SAVED: u32 = 10;
/// Longest wait before the first retry of a read; it doubles.
pub const RETRY_READ: Duration = Duration::from_millis(50);
/// Longest wait before any retry of a read.
pub const RETRY_READ_MAX: Duration = Duration::from_millis(400);
/// Failures among the last 16 reads after which the region is left alone.
pub const BREAKER_FAILURES: u32 = 8;
/// How long it is, at first; each failed look doubles it.
pub const BREAKER_REST: Duration = Duration::from_secs(1);
/// How long it is at most: so late is its return noticed.
pub const BREAKER_REST_MAX: Duration = Duration::from_secs(15);

// --- metrics ------------------------------------------------------------------------------------

/// How often an isolate tells what it counted, at most: a request and a row each, so a hundred isolates that are busy
/// all month cost five dollars.
pub const METRICS_EVERY: Duration = Duration::from_secs(60);
/// How long a change of what rises and falls counts. A room lives four hours, and so do its sockets.
pub const METRICS_HEAL: Duration = Duration::from_secs(6 * 3600);
/// Series of a kind: a label that anybody could fill must not fill the memory.
pub const SERIES: usize = 400;
/// How long it is believed that the edge is ready, or is not: whoever asks must not be what it fails of.
pub const READY_EVERY: Duration = Duration::from_secs(2);

// --- deadlines of the region: they shrink inwards, so that whoever waits hears an answer ----------------

/// One request; less than `CALL`, which the edge waits.
pub const REGION_REQUEST: Duration = Duration::from_millis(2_800);
/// A call of the store with all its attempts.
pub const STORE_CALL: Duration = Duration::from_millis(2_500);
/// One attempt at it.
pub const STORE_ATTEMPT: Duration = Duration::from_secs(1);
