//! The series of the edge: their names, their help, and the buckets of their histograms.

/// Bounds of spans that are mostly short, milliseconds.
const SHORT: &[u64] = &[2, 5, 10, 16, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];
/// Bounds of spans that are mostly long, milliseconds.
const LONG: &[u64] = &[
    100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
];
/// Bounds of request durations, milliseconds.
const REQUEST: &[u64] = &[5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000];
/// Bounds of amounts, bytes.
const BYTES: &[u64] = &[1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24];

/// The histogram of requests, which has the route as its label.
pub const REQUEST_DURATION: &str = "matchpoint_request_duration_seconds";

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident $series:literal;)*) => {
        /// A counter whose series is fixed. Counting it is one addition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Counter {
            $($(#[$doc])* $name,)*
        }

        impl Counter {
            /// All counters, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the series. That of [`Counter::Match`] has the pool as its label.
            #[must_use]
            pub const fn series(self) -> &'static str {
                match self {
                    $(Self::$name => $series,)*
                }
            }
        }
    };
}

counters! {
    /// A match was made, and its room is open.
    Match "matchpoint_matches_total";
    /// A command was executed.
    CommandAccepted r#"matchpoint_commands_total{result="accepted"}"#;
    /// A command was refused, because of its sender or its moment.
    CommandRefused r#"matchpoint_commands_total{result="refused"}"#;
    /// A command was not executed, because of a fault of the service.
    CommandFailed r#"matchpoint_commands_total{result="failed"}"#;
    /// A client that resumed received exactly the events that it lacked.
    ResumeExact r#"matchpoint_resumes_total{result="exact"}"#;
    /// A client that resumed received a snapshot.
    ResumeSnapshot r#"matchpoint_resumes_total{result="snapshot"}"#;
    /// A client that wanted to resume was refused.
    ResumeRefused r#"matchpoint_resumes_total{result="refused"}"#;
    /// A socket was closed because its client reads too slowly.
    SlowClosed "matchpoint_slow_closed_total";
    /// A message was beyond the rate of its socket.
    LimitedMessages r#"matchpoint_rate_limited_total{what="messages"}"#;
    /// A request was beyond the rate of its address.
    LimitedAddress r#"matchpoint_rate_limited_total{what="address"}"#;
    /// A request was beyond the rate of its player.
    LimitedPlayer r#"matchpoint_rate_limited_total{what="player"}"#;
    /// A request was beyond the rate of its service key.
    LimitedService r#"matchpoint_rate_limited_total{what="service"}"#;
    /// An opening was beyond the rate of its address or player.
    LimitedOpenings r#"matchpoint_rate_limited_total{what="openings"}"#;
    /// A look for a room was beyond the rate of absent rooms.
    LimitedRooms r#"matchpoint_rate_limited_total{what="rooms"}"#;
    /// A line was logged.
    LogEvent "matchpoint_log_events_total";
    /// A line was not logged, because there were too many.
    LogDropped "matchpoint_log_dropped_total";
    /// A request to the region.
    ToRegion r#"matchpoint_subrequests_total{to="region"}"#;
    /// A request to a room.
    ToRoom r#"matchpoint_subrequests_total{to="room"}"#;
    /// A request to a lobby.
    ToLobby r#"matchpoint_subrequests_total{to="lobby"}"#;
    /// A request to a share of the players.
    ToPlayer r#"matchpoint_subrequests_total{to="player"}"#;
    /// A request to the metrics object.
    ToMetrics r#"matchpoint_subrequests_total{to="metrics"}"#;
    /// A request to the cache of the location.
    ToCache r#"matchpoint_subrequests_total{to="cache"}"#;
    /// A request to the static pages.
    ToPages r#"matchpoint_subrequests_total{to="pages"}"#;
}

/// A quantity with a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The wait of a ticket until its match; the pool is its label.
    MatchWait,
    /// The age of the oldest event of a write of the log.
    DurableLag,
    /// The age of the oldest broadcast of a flush.
    MessageDelay,
    /// The age of a call when it is confirmed.
    OutboxAge,
    /// The time from a ban until the player's sockets are closed.
    BanClose,
    /// The unsent bytes of a socket.
    UnreadBytes,
    /// The duration of a request to the region.
    RegionRequest,
}

impl Measure {
    /// Returns the name of the histogram.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MatchWait => "matchpoint_match_wait_seconds",
            Self::DurableLag => "matchpoint_durable_lag_seconds",
            Self::MessageDelay => "matchpoint_message_delay_seconds",
            Self::OutboxAge => "matchpoint_outbox_age_seconds",
            Self::BanClose => "matchpoint_ban_close_seconds",
            Self::UnreadBytes => "matchpoint_unread_bytes",
            Self::RegionRequest => "matchpoint_region_request_seconds",
        }
    }
}

/// Returns the upper bounds of the buckets of a histogram: milliseconds, or bytes where its name says so.
pub(super) fn bounds(name: &str) -> &'static [u64] {
    match name {
        REQUEST_DURATION | "matchpoint_region_request_seconds" => REQUEST,
        "matchpoint_match_wait_seconds"
        | "matchpoint_outbox_age_seconds"
        | "matchpoint_ban_close_seconds" => LONG,
        "matchpoint_unread_bytes" => BYTES,
        _ => SHORT,
    }
}

/// Returns whether a histogram has milliseconds, which are written as seconds.
pub(super) fn is_time(name: &str) -> bool {
    name.ends_with("_seconds")
}

/// Returns the explanation of a metric.
pub(crate) fn help(name: &str) -> &'static str {
    match name {
        "matchpoint_requests_total" => "HTTP requests and socket upgrades, by route and status.",
        "matchpoint_refusals_total" => {
            "Refused requests, by the code of the problem document or of the close."
        }
        "matchpoint_reads_total" => {
            "Profile reads: from the cache, from the region, or stale while the region is unreachable."
        }
        "matchpoint_sockets_opened_total" => "Sockets opened, by the kind of object.",
        "matchpoint_sockets" => "Open sockets; too high for some hours after a process was lost.",
        "matchpoint_rooms_opened_total" => "Rooms created.",
        "matchpoint_rooms" => "Existing rooms; too high for some hours after a room was not erased.",
        "matchpoint_players_active" => {
            "Estimated number of players who presented a token in the last 10 to 20 minutes."
        }
        "matchpoint_object_requests_total" => "Requests to objects, openings of sockets among them.",
        "matchpoint_object_alarms_total" => "Alarms of objects that rang.",
        "matchpoint_object_frames_total" => {
            "Frames that clients sent to objects; twenty are billed as a request."
        }
        "matchpoint_object_rows_read_total" => "Rows that objects read, as the database counts them.",
        "matchpoint_object_rows_written_total" => {
            "Rows that objects wrote, as the database counts them; an alarm that is set is one."
        }
        "matchpoint_object_awake_milliseconds_total" => {
            "Time for which objects waited for an answer or a timer, and could not sleep."
        }
        REQUEST_DURATION => "Request durations, as the Worker's clock measures them.",
        "matchpoint_match_wait_seconds" => "Waits of tickets until their match, by pool.",
        "matchpoint_matches_total" => "Matches made, by pool.",
        "matchpoint_queue_oldest_seconds" => "Age of the oldest ticket of a queue; zero without one.",
        "matchpoint_queue_tickets" => "Tickets in a queue.",
        "matchpoint_resumes_total" => "Openings that resume a position: exact, with a snapshot, or refused.",
        "matchpoint_durable_lag_seconds" => {
            "Time from an accepted event to its row; of each write the oldest event."
        }
        "matchpoint_message_delay_seconds" => {
            "Time from an accepted broadcast to its frames; of each flush the oldest broadcast."
        }
        "matchpoint_outbox_age_seconds" => {
            "Age of a call to another object or the region when it is confirmed."
        }
        "matchpoint_commands_total" => {
            "Commands on sockets: accepted, refused, or failed by a fault of the service."
        }
        "matchpoint_unread_bytes" => "Bytes that slow sockets have not read, at each look of their room.",
        "matchpoint_slow_closed_total" => "Sockets closed because their client reads too slowly.",
        "matchpoint_ban_close_seconds" => {
            "Time from the decision of a ban until all sockets of the player are closed."
        }
        "matchpoint_rate_limited_total" => "Requests, openings and messages beyond a rate limit.",
        "matchpoint_log_events_total" => "Lines that the edge logged.",
        "matchpoint_log_dropped_total" => "Lines that were not logged, because an isolate had too many.",
        "matchpoint_subrequests_total" => "Requests of the Worker and of objects to others.",
        "matchpoint_region_request_seconds" => "Durations of requests to the region.",
        "matchpoint_as_of_seconds" => "Time of the last report of an isolate, seconds since 1970.",
        _ => "A metric of a newer version.",
    }
}
