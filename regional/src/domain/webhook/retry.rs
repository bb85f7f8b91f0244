//! The next step after an attempt to deliver an event.

use shared::limits;
use shared::time::Time;
use std::time::Duration;

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The endpoint answered with this status.
    Answered(u16),
    /// There was no answer, for this reason.
    Failed(String),
}

/// The next step after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The event is delivered.
    Delivered,
    /// The next attempt is due at this time.
    Retry { due: Time, error: String },
    /// The event is dead: there is no further attempt.
    Dead { error: String },
}

/// Decides what follows the attempt number `tries`, from 1, of an event from `created`. `random` is any number.
///
/// Any 2xx delivers the event. 410 says that the endpoint no longer wants it. Everything else, redirects included, is a
/// failure, after which the pause grows, and half of it is random, so that events that failed together do not return
/// together.
#[must_use]
pub fn decide(attempt: Attempt, tries: u32, created: Time, now: Time, random: u16) -> Next {
    let error = match attempt {
        Attempt::Answered(200..=299) => return Next::Delivered,
        Attempt::Answered(410) => return Next::Dead { error: "410".into() },
        Attempt::Answered(status) => status.to_string(),
        Attempt::Failed(error) => error,
    };
    let end = created + limits::WEBHOOK_AGE_MAX;
    if now >= end {
        return Next::Dead { error };
    }
    // The last attempt is at the very end.
    Next::Retry { due: (now + pause(tries, random)).min(end), error }
}

/// Returns the pause after an attempt: 1 to 2 s after the first one, up to 3 h.
fn pause(tries: u32, random: u16) -> Duration {
    let factor = 4_u32.saturating_pow(tries.saturating_sub(1).min(10));
    let longest = limits::WEBHOOK_RETRY_FIRST.saturating_mul(factor).min(limits::WEBHOOK_RETRY_MAX);
    let half = longest / 2;
    half + half * u32::from(random) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: Time = Time::from_ms(1_733_000_000_000);

    fn check(attempt: Attempt, tries: u32, age: Duration, expected: &Next) {
        assert_eq!(&decide(attempt, tries, CREATED, CREATED + age, u16::MAX), expected);
    }

    fn retry(after: Duration, error: &str) -> Next {
        Next::Retry { due: CREATED + after, error: error.into() }
    }

    #[test]
    fn success_delivers_and_gone_is_final() {
        for status in [200, 201, 204, 299] {
            check(Attempt::Answered(status), 1, Duration::ZERO, &Next::Delivered);
        }
        check(Attempt::Answered(410), 1, Duration::ZERO, &Next::Dead { error: "410".into() });
    }

    #[test]
    fn failures_are_repeated_with_growing_pauses_for_a_day() {
        let s = Duration::from_secs;
        check(Attempt::Answered(301), 1, Duration::ZERO, &retry(s(2), "301"));
        check(Attempt::Answered(503), 2, Duration::ZERO, &retry(s(8), "503"));
        check(Attempt::Failed("timeout".into()), 4, Duration::ZERO, &retry(s(128), "timeout"));
        check(Attempt::Answered(404), 99, Duration::ZERO, &retry(limits::WEBHOOK_RETRY_MAX, "404"));
        let day = limits::WEBHOOK_AGE_MAX;
        check(Attempt::Answered(503), 14, s(86_399), &retry(day, "503"));
        check(Attempt::Answered(503), 15, day, &Next::Dead { error: "503".into() });
        // An event that waited for an earlier one for a day has its attempt, and no second one.
        check(Attempt::Answered(200), 1, day * 2, &Next::Delivered);
        check(Attempt::Answered(503), 1, day * 2, &Next::Dead { error: "503".into() });
    }

    #[test]
    fn half_of_a_pause_is_random() {
        let longest = limits::WEBHOOK_RETRY_FIRST;
        assert_eq!((pause(1, 0), pause(1, u16::MAX)), (longest / 2, longest));
        assert_eq!(pause(u32::MAX, u16::MAX), limits::WEBHOOK_RETRY_MAX);
    }

    #[test]
    fn day_has_a_bounded_number_of_attempts() {
        let (mut now, mut tries) = (CREATED, 1);
        while let Next::Retry { due, .. } = decide(Attempt::Answered(500), tries, CREATED, now, u16::MAX) {
            (now, tries) = (due, tries + 1);
        }
        assert_eq!((now, tries), (CREATED + limits::WEBHOOK_AGE_MAX, 15));
    }
}
