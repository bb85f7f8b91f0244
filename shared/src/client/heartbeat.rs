//! The heartbeat of a connection, and reports of the last position that the client has seen.

use crate::time::Time;
use crate::wire::welcome;
use std::time::Duration;

/// The shortest time between two `seen` commands.
const SEEN_INTERVAL: Duration = Duration::from_secs(5);

/// A part of the heartbeat that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// A ping must be sent.
    Ping,
    /// The other side was silent for too long.
    Silence,
    /// This position must be reported.
    Seen(u64),
}

/// Pings, silence, and the position to report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Heartbeat {
    every: Duration,
    grace: Duration,
    received_at: Time,
    ping_at: Option<Time>,
    /// The last ping, until the time to answer it is over.
    pinged_at: Option<Time>,
    seen: Option<(Time, u64)>,
}

impl Heartbeat {
    /// Starts with the interval that the welcome names. The first ping is due at once: workerd ends a connection whose client
    /// never sent a frame only 10 s after both sides have closed it. The welcome is no answer to it.
    pub(super) fn start(&mut self, heartbeat: welcome::Heartbeat, now: Time) {
        *self = Self {
            every: Duration::from_millis(heartbeat.every_ms),
            grace: Duration::from_millis(heartbeat.grace_ms),
            ping_at: Some(now),
            ..Self::default()
        };
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Notes a frame of any kind as a sign of life.
    pub(super) fn received(&mut self, now: Time) {
        self.received_at = now;
    }

    /// Notes a new position; one report has all positions of five seconds.
    pub(super) fn seen(&mut self, at: u64, now: Time) {
        let due = self.seen.map_or(now + SEEN_INTERVAL, |(due, _)| due);
        self.seen = Some((due, at));
    }

    /// Takes what is due.
    pub(super) fn due(&mut self, now: Time) -> Option<Beat> {
        if let Some(pinged_at) = self.pinged_at
            && pinged_at + self.grace <= now
        {
            self.pinged_at = None;
            if self.received_at < pinged_at {
                return Some(Beat::Silence);
            }
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping_at = Some(now + self.every);
            // An earlier ping without an answer counts from its own time.
            self.pinged_at.get_or_insert(now);
            return Some(Beat::Ping);
        }
        let (_, at) = self.seen.take_if(|(due, _)| *due <= now)?;
        Some(Beat::Seen(at))
    }

    /// Returns when the next is due.
    pub(super) fn wake_at(&self) -> Option<Time> {
        let silent_at = self.pinged_at.map(|at| at + self.grace);
        [self.ping_at, silent_at, self.seen.map(|(due, _)| due)].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Heartbeat {
        let mut heartbeat = Heartbeat::default();
        heartbeat.start(welcome::Heartbeat { every_ms: 25_000, grace_ms: 10_000 }, at(0));
        heartbeat
    }

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    #[test]
    fn silence_is_noticed_a_grace_after_the_ping() {
        let mut heartbeat = started();
        assert_eq!(heartbeat.due(at(0)), Some(Beat::Ping));
        heartbeat.received(at(40));
        assert_eq!(heartbeat.due(at(10_000)), None);
        assert_eq!(heartbeat.wake_at(), Some(at(25_000)));
        assert_eq!(heartbeat.due(at(25_000)), Some(Beat::Ping));
        assert_eq!(heartbeat.due(at(34_999)), None);
        assert_eq!(heartbeat.due(at(35_000)), Some(Beat::Silence));
    }

    #[test]
    fn late_timer_is_no_silence() {
        let mut heartbeat = started();
        assert_eq!(heartbeat.due(at(0)), Some(Beat::Ping));
        heartbeat.received(at(40));
        assert_eq!(heartbeat.due(at(90_000)), Some(Beat::Ping));
        assert_eq!(heartbeat.due(at(90_000)), None);
    }

    #[test]
    fn one_report_has_the_last_of_the_positions() {
        let mut heartbeat = started();
        assert_eq!(heartbeat.due(at(0)), Some(Beat::Ping));
        heartbeat.seen(7, at(1_000));
        heartbeat.seen(9, at(2_000));
        assert_eq!(heartbeat.due(at(5_999)), None);
        assert_eq!(heartbeat.due(at(6_000)), Some(Beat::Seen(9)));
        assert_eq!(heartbeat.due(at(6_000)), None);
    }
}
