//! Who failed too often to try again now.
//!
//! The moments of the last failures are kept, so that a limit is exact over any window, not per calendar minute.

use shared::caps;
use shared::time::Time;
use std::net::IpAddr;
use std::time::Duration;

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// As many as may be.
    pub most: usize,
    /// Within this.
    pub within: Duration,
}

/// Failed logins of one account that its provider vouched for. A forged token does not count here: else anybody could
/// lock anybody out.
pub const ACCOUNT: Rule = Rule { most: caps::ACCOUNT_FAILURES, within: caps::ACCOUNT_FAILURES_IN };
/// Failed logins and forged refresh tokens from one address.
pub const ADDRESS: Rule = Rule { most: caps::ADDRESS_FAILURES, within: caps::ADDRESS_FAILURES_IN };
/// Reports of one player.
pub const REPORTS: Rule = Rule { most: caps::REPORTS, within: caps::REPORTS_IN };

/// When it happened, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// The moments that may still count.
    pub times: Vec<Time>,
    /// Raised with every change; none where nothing is stored.
    pub version: Option<u64>,
}

impl Times {
    /// How long until there is room for one more; none where there is room now.
    #[must_use]
    pub fn locked(&self, rule: Rule, now: Time) -> Option<Duration> {
        let recent = self.recent(rule, now);
        let oldest = recent.len().checked_sub(rule.most)?;
        let free = *recent.get(oldest)? + rule.within;
        Some(free.since(now))
    }

    /// With one more.
    #[must_use]
    pub fn and(&self, rule: Rule, now: Time) -> Vec<Time> {
        let mut times = self.recent(rule, now);
        times.push(now);
        times
    }

    fn recent(&self, rule: Rule, now: Time) -> Vec<Time> {
        let counts = |at: &&Time| now.since(**at) < rule.within;
        self.times.iter().filter(counts).copied().collect()
    }
}

/// Who counts as one address: a host of IPv4, a network of IPv6, since one subscriber has as many hosts as they like.
#[must_use]
pub fn address(ip: IpAddr) -> String {
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

    const RULE: Rule = Rule { most: 3, within: Duration::from_secs(60) };

    fn check(seconds: &[u64], now: u64, expected: Option<u64>) {
        let at = |second: &u64| Time::from_ms(second * 1000);
        let times = Times { times: seconds.iter().map(at).collect(), version: None };
        let locked = times.locked(RULE, at(&now)).map(|wait| wait.as_secs());
        assert_eq!(locked, expected, "{seconds:?} at {now}");
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
    fn what_no_longer_counts_is_let_go() {
        let times = Times { times: [1, 50_000].map(Time::from_ms).to_vec(), version: Some(2) };
        let now = Time::from_ms(60_001);
        assert_eq!(times.and(RULE, now), [50_000, 60_001].map(Time::from_ms));
    }

    #[test]
    fn an_address_is_a_subscriber() {
        let of = |text: &str| text.parse().map(address).unwrap_or_default();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }
}
