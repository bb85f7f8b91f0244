//! Sliding window limits: how often an event may happen within a time span.
//!
//! The moments of the recent events are stored, so a limit is exact over any window, not per calendar minute.

use shared::id::PlayerId;
use shared::limits;
use shared::time::Time;
use std::net::IpAddr;
use std::time::Duration;

/// At most `max` events within `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimit {
    pub max: usize,
    pub window: Duration,
}

/// The events that are counted and limited, each for one account, address or player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counter {
    /// Failed logins of one account that its provider vouched for, by the account's hash. A forged token does
    /// not count here; otherwise any client could lock out any account.
    AccountFailures(String),
    /// Failed logins and forged refresh tokens from one network address; see [`subscriber_address`].
    AddressFailures(String),
    /// Reports made by one player.
    Reports(PlayerId),
}

impl Counter {
    /// How often the event may happen.
    #[must_use]
    pub fn limit(&self) -> WindowLimit {
        match self {
            Self::AccountFailures(_) => {
                WindowLimit { max: limits::ACCOUNT_FAILURES_MAX, window: limits::ACCOUNT_FAILURES_WINDOW }
            }
            Self::AddressFailures(_) => {
                WindowLimit { max: limits::ADDRESS_FAILURES_MAX, window: limits::ADDRESS_FAILURES_WINDOW }
            }
            Self::Reports(_) => WindowLimit { max: limits::REPORTS_MAX, window: limits::REPORTS_WINDOW },
        }
    }
}

/// The moments of recent events, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentEvents {
    /// Moments that may still be within the window.
    pub times: Vec<Time>,
    /// Incremented with every change; none while nothing is stored.
    pub version: Option<u64>,
}

impl RecentEvents {
    /// Returns how long until another event is allowed, or none if it is allowed now.
    #[must_use]
    pub fn wait_time(&self, limit: WindowLimit, now: Time) -> Option<Duration> {
        let recent = self.recent(limit, now);
        let oldest = recent.len().checked_sub(limit.max)?;
        let free = *recent.get(oldest)? + limit.window;
        Some(free.since(now))
    }

    /// Returns the moments within the window, with another event now.
    #[must_use]
    pub fn with_event_at(&self, limit: WindowLimit, now: Time) -> Vec<Time> {
        let mut times = self.recent(limit, now);
        times.push(now);
        times
    }

    fn recent(&self, limit: WindowLimit, now: Time) -> Vec<Time> {
        let within = |at: &&Time| now.since(**at) < limit.window;
        self.times.iter().filter(within).copied().collect()
    }
}

/// Returns the text that stands for a client's network: the host address of IPv4, the /64 network of IPv6,
/// because one subscriber of IPv6 has a whole network of host addresses.
#[must_use]
pub fn subscriber_address(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: WindowLimit = WindowLimit { max: 3, window: Duration::from_secs(60) };

    fn check(seconds: &[u64], now: u64, expected: Option<u64>) {
        let at = |second: &u64| Time::from_ms(second * 1000);
        let times = RecentEvents { times: seconds.iter().map(at).collect(), version: None };
        let wait = times.wait_time(LIMIT, at(&now)).map(|wait| wait.as_secs());
        assert_eq!(wait, expected, "{seconds:?} at {now}");
    }

    #[test]
    fn the_window_slides() {
        check(&[], 0, None);
        check(&[0, 1], 1, None);
        check(&[0, 1, 2], 2, Some(58));
        check(&[0, 1, 2], 59, Some(1));
        check(&[0, 1, 2], 60, None);
        check(&[0, 59, 59], 60, None);
        check(&[0, 59, 59, 60], 60, Some(59));
    }

    #[test]
    fn events_outside_the_window_are_dropped() {
        let times = RecentEvents { times: [1, 50_000].map(Time::from_ms).to_vec(), version: Some(2) };
        let now = Time::from_ms(60_001);
        assert_eq!(times.with_event_at(LIMIT, now), [50_000, 60_001].map(Time::from_ms));
    }

    #[test]
    fn ipv6_hosts_of_one_network_share_an_address() {
        let of = |text: &str| text.parse().map(subscriber_address).unwrap_or_default();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }
}
