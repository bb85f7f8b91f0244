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
/// Queued lookups of clients with one address: a household or an office, but not the whole queue.
pub const LOOKUPS_PER_ADDRESS_MAX: usize = 100;
/// Commands of a player that wait for the same lookup, on all sockets.
pub const ENTRIES_PER_PLAYER_MAX: usize = 4;
/// Age up to which a lookup answers further commands of its player: a repeated click, or leaving and entering again.
pub const LOOKUP_REUSE: Duration = Duration::from_secs(5);
/// Lookups that are kept for that: at 160 per second, all of them.
pub const LOOKUPS_KEPT_MAX: usize = 1_000;
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
/// Attribute names that the wants of a queue may use at a time for classes; a ticket with a further name is compared one
/// by one. A game has a few dozen.
pub const ATTR_NAMES_MAX: usize = 256;
/// Overdue tickets of one class that a search compares by age before it compares by rating: enough to find one that
/// fits where one in fifty does.
pub const OVERDUE_STEPS_MAX: usize = 256;
/// Time in which `ENTRY_GATHER_ARRIVALS` are a rush. With fewer, a gathering has so few tickets that the wait costs more
/// than it improves.
pub const ENTRY_GATHER_WITHIN: Duration = Duration::from_secs(1);
/// Arrivals whose rate decides about a gathering.
pub const ENTRY_GATHER_ARRIVALS: usize = 16;
/// Tickets that a gathering waits for, at the rate of the latest arrivals: among 160, the nearest rating is on average a
/// hundredth of the spread away. Further ones improve little.
pub const ENTRY_GATHER_TICKETS: usize = 160;
/// Shortest gathering: less is not noticed as a wait, and not worth a timer.
pub const ENTRY_GATHER_MIN: Duration = Duration::from_millis(500);
/// Longest gathering: a wait that is small beside the time in which a match is formed and its room opened.
pub const ENTRY_GATHER_MAX: Duration = Duration::from_secs(2);
/// Tickets that the explanation of a wait looks at, of all that wait: its counts are exact up to there, and of a larger
/// queue within a few percent.
pub const WHY_SAMPLE_MAX: usize = 256;
/// Candidates considered for one match of many seats: the nearest, or the longest waiting.
pub const GROUP_CANDIDATES_MAX: usize = 256;
/// Steps of the search among those candidates: a combination that fits is almost always found at once.
pub const GROUP_STEPS_MAX: usize = 2_000;
/// Pause after a search that ended at a limit without a match; each further one doubles it.
pub const GROUP_RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest such pause: the search costs up to 0.2 ms a ticket.
pub const GROUP_RETRY_MAX: Duration = Duration::from_secs(30);
/// Candidates that a repeated search passes over at the beginning, a prime so that all come first in time.
pub const GROUP_SHIFT: usize = 37;
/// Tickets of a match up to which all divisions into teams are compared, within `TEAM_STEPS_MAX`.
pub const TEAM_EXACT_MAX: usize = 12;
/// Steps of the comparison of all divisions into teams: two teams of six take 1,500.
pub const TEAM_STEPS_MAX: usize = 20_000;
/// Passes in which tickets change sides to balance larger teams.
pub const TEAM_PASSES_MAX: usize = 64;
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
/// Rating distance within which wait samples count as similar.
pub const WAIT_SAMPLE_BAND: f64 = 100.0;
/// Samples of similar tickets that are needed before the estimate uses them in place of all samples.
pub const WAIT_SAMPLES_ALIKE_MIN: usize = 8;
/// Parties in one lobby.
pub const PARTIES_MAX: usize = 2_000;
/// Lifetime of a party that does not enter the queue, or whose match has ended.
pub const PARTY_AGE_MAX: Duration = Duration::from_secs(3600);
