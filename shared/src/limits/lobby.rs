//! Limits of a lobby: tickets, parties, matching, and the lookups that a join needs.

use std::time::Duration;

/// Tickets in one lobby shard: what one object can plan within its CPU limit.
pub const TICKETS_MAX: usize = 10_000;
/// Pause before a client repeats a command that a full lobby refused: tickets leave as matches are made.
pub const LOBBY_FULL_RETRY: Duration = Duration::from_secs(10);
/// Attributes of a ticket: each is compared for every pair of candidates.
pub const ATTRS_MAX: usize = 16;
/// Wants of a ticket, for the same reason as `ATTRS_MAX`.
pub const WANTS_MAX: usize = 16;
/// Shortest interval between two `lobby` events.
pub const LOBBY_UPDATE_INTERVAL: Duration = Duration::from_secs(2);
/// Concurrent lookups of players at the region from one lobby: at 50 ms each, 160 per second, more than a
/// lobby can seat. Further lookups queue.
pub const LOOKUPS_CONCURRENT_MAX: usize = 8;
/// Queued lookups, each with up to 8 KiB of the command that needs it.
pub const LOOKUPS_QUEUED_MAX: usize = 1000;
/// Longest time in that queue. Together with `CALL_TIMEOUT` it is less than a client waits for an answer.
pub const LOOKUP_QUEUE_TIMEOUT: Duration = Duration::from_secs(5);
/// Default time that a ticket waits for a lost socket.
pub const TICKET_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Default time that a ticket waits for a match.
pub const TICKET_AGE_MAX: Duration = Duration::from_secs(3600);
/// Longest hold-off of a ticket whose player another lobby reserved at the same time. Each ticket waits for a
/// different share of it, so that two lobbies do not collide forever.
pub const HOLD_OFF_MAX: Duration = Duration::from_secs(2);
/// Latest matches whose players a lobby keeps apart, one row each: the region learns of a match only when it
/// ends.
pub const RECENT_MATCHES_MAX: usize = 2048;
/// Longest time that a proposal may be open, seconds: the players are reserved meanwhile, and must be
/// committed before the reservation expires.
pub const PROPOSAL_MAX_S: u32 = 20;
/// First cooldown of a player who let a match fail; each further one doubles it.
pub const COOLDOWN_FIRST: Duration = Duration::from_secs(30);
/// Longest cooldown, and the time after it at which the player's record is cleared.
pub const COOLDOWN_MAX: Duration = Duration::from_secs(900);
/// Players whose cooldown a lobby remembers, the latest, one row each.
pub const COOLDOWNS_MAX: usize = 512;
/// Ticket classes that a lobby distinguishes: tickets with the same wants and the same wanted attributes are
/// one class, and compatibility is stored per pair of classes, 12 bytes each. Beyond this, first the numbers
/// of one attribute after the other are no longer distinguished, then the remaining tickets are compared one
/// by one.
pub const TICKET_CLASSES_MAX: usize = 512;
/// Candidates considered for one match of many seats: the nearest, or the longest waiting.
pub const GROUP_CANDIDATES_MAX: usize = 256;
/// Steps of the search among those candidates: a combination that fits is almost always found at once.
pub const GROUP_STEPS_MAX: usize = 2_000;
/// Passes in which the pairs of one plan are compared with their neighbours to exchange partners: four reach
/// the least sum of gaps in all measured snapshots of up to 200 tickets.
pub const REFINE_PASSES_MAX: usize = 4;
/// Smallest gain that justifies an exchange, as a fraction of the pool's window.
pub const REFINE_GAIN_MIN: f64 = 0.0001;
/// Neighbours compared with each pair.
pub const REFINE_NEIGHBOURS_MAX: usize = 8;
/// Default wait after which a ticket is matched before all tickets that came later.
pub const FAIR_AFTER_DEFAULT: Duration = Duration::from_secs(60);
/// Longest wait that a pool may give a ticket, seconds: a day, after which a queue entry serves no player.
pub const PATIENCE_MAX_S: u32 = 24 * 3600;
/// Pools of a deployment: the configuration is one environment variable.
pub const POOLS_MAX: usize = 64;
/// Shards of a divided queue: the parent talks to each of them.
pub const SHARDS_MAX: u16 = 64;
/// Wait samples kept for the estimate: 40 bytes each, in a row that every match writes.
pub const WAIT_SAMPLES_MAX: usize = 128;
/// Age up to which a wait sample counts.
pub const WAIT_SAMPLE_AGE_MAX: Duration = Duration::from_secs(600);
/// Samples of similar tickets that are needed before the estimate uses them in place of all samples.
pub const WAIT_SAMPLES_ALIKE_MIN: usize = 8;
/// Parties in one lobby.
pub const PARTIES_MAX: usize = 2_000;
/// Lifetime of a party that does not enter the queue, or whose match has ended.
pub const PARTY_AGE_MAX: Duration = Duration::from_secs(3600);
