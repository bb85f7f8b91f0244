//! The next action of a client after a close: it stops, logs in again, or resumes at once, later, or with a new token.

use crate::wire::CloseCode;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The shortest wait before a reconnect to a failing server.
const WAIT_MIN: Duration = Duration::from_millis(500);
/// The longest wait before a reconnect.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The time over which reconnects after a deploy are spread, if the close names none.
const SPREAD: Duration = Duration::from_millis(1_500);
/// Failures after which the wait no longer grows.
const DOUBLINGS_MAX: u32 = 6;

/// The codes after which a client stops.
const FINAL: RangeInclusive<u16> = 4000..=4099;
/// The codes of a server that moves or is replaced.
const MOVED: RangeInclusive<u16> = 4200..=4299;
/// The codes that ask for a new token.
const TOKEN: RangeInclusive<u16> = 4300..=4399;

/// A connection that is closed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The close code; 1000 for a connection that the application closed.
    pub code: u16,
    /// The stable name of the reason.
    pub why: String,
    /// True if the player must sign in again.
    pub signed_out: bool,
}

/// The client's next action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseAction {
    /// The connection is closed for good.
    Stop(Stopped),
    /// The client opens the object again after this time.
    Resume { after: Duration, why: String, new_token: bool },
    /// A newer connection of the player is in the way: the client resumes once there is room, and closes no other for it.
    StandBy { after: Duration, why: String },
}

/// A closed connection, as far as it decides what follows.
#[derive(Debug, Clone, Copy)]
pub struct Closed<'a> {
    pub code: u16,
    /// The reason of the close frame: JSON of at most 123 bytes.
    pub reason: &'a str,
    /// The connections in a row that did not last.
    pub failures: u32,
    /// True if the object had welcomed the client before, on this connection or an earlier one.
    pub was_open: bool,
}

impl Closed<'_> {
    /// Decides by the range of the code, so that unknown codes are handled correctly too. `chance` is a random number.
    #[must_use]
    pub fn next(&self, chance: u32) -> CloseAction {
        let Self { code, failures, .. } = *self;
        let Reason { why, after_ms } = Reason::read(self.reason);
        let after = Duration::from_millis(after_ms.unwrap_or_default());
        let gave_way = [CloseCode::TakenOver.code(), CloseCode::TooManyDevices.code()].contains(&code);
        if code == CloseCode::SessionRevoked.code() {
            return CloseAction::Stop(Stopped { code, why, signed_out: true });
        }
        if self.was_open && gave_way {
            return CloseAction::StandBy { after: jitter(failures, chance), why };
        }
        if FINAL.contains(&code) {
            return CloseAction::Stop(Stopped { code, why, signed_out: false });
        }
        // The first time only: a server that keeps doing it must not make a tight loop.
        let at_first = if failures == 0 { Duration::ZERO } else { jitter(failures, chance) };
        if code == CloseCode::Moved.code() {
            // Only this player moved to another object.
            return CloseAction::Resume { after: at_first, why, new_token: false };
        }
        if MOVED.contains(&code) {
            let spread = after_ms.map_or(SPREAD, Duration::from_millis);
            return CloseAction::Resume { after: part_of(spread, chance), why, new_token: false };
        }
        if TOKEN.contains(&code) {
            // The first refusal means an expired token; a second in a row does not.
            return CloseAction::Resume { after: after + at_first, why, new_token: true };
        }
        // 4100 to 4199 and 1001, 1005, 1006, 1011, 1012; unknown codes are treated as trouble of the server too.
        CloseAction::Resume { after: after + jitter(failures, chance), why, new_token: false }
    }
}

/// The JSON in the reason of a server's close.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    why: String,
    after_ms: Option<u64>,
}

impl Reason {
    /// Reads the reason; anything else than its JSON is a reason without a name.
    fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// Returns a random wait between half a second and a ceiling that doubles with each failure, up to 30 s.
fn jitter(failures: u32, chance: u32) -> Duration {
    let ceiling = WAIT_MAX.min(WAIT_MIN * (2 << failures.min(DOUBLINGS_MAX)));
    WAIT_MIN + part_of(ceiling.saturating_sub(WAIT_MIN), chance)
}

/// Returns a random part of a span.
fn part_of(span: Duration, chance: u32) -> Duration {
    span * chance / u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(code: u16, reason: &str, failures: u32, was_open: bool, chance: u32) -> CloseAction {
        Closed { code, reason, failures, was_open }.next(chance)
    }

    fn resumes(code: u16, reason: &str, failures: u32, chance: u32, ms: u64, new_token: bool) {
        let CloseAction::Resume { after, new_token: asks, .. } = after(code, reason, failures, true, chance)
        else {
            panic!("{code} does not resume");
        };
        assert_eq!((after.as_millis(), asks), (u128::from(ms), new_token), "{code} after {failures}");
    }

    #[test]
    fn every_code_has_the_action_of_its_range() {
        for close in CloseCode::ALL {
            let (code, reason) = (close.code(), close.reason());
            let stops = matches!(after(code, &reason, 0, false, 0), CloseAction::Stop(_));
            assert_eq!(stops, code < 4100 || close == CloseCode::SessionRevoked, "{close:?}");
        }
    }

    #[test]
    fn only_the_end_of_a_login_asks_to_sign_in() {
        let end = |code| match after(code, r#"{"why":"x"}"#, 0, true, 0) {
            CloseAction::Stop(stopped) => stopped.signed_out,
            other => panic!("{other:?}"),
        };
        assert!(end(4302));
        assert!(!end(4001));
    }

    #[test]
    fn client_that_gave_way_stands_by_only_if_it_was_open() {
        let half_a_second = CloseAction::StandBy { after: WAIT_MIN, why: "taken_over".into() };
        assert_eq!(after(4006, r#"{"why":"taken_over"}"#, 0, true, 0), half_a_second);
        assert!(matches!(after(4008, "", 0, false, 0), CloseAction::Stop(_)));
    }

    #[test]
    fn wait_doubles_and_is_random_up_to_half_a_minute() {
        resumes(1006, "", 0, 0, 500, false);
        resumes(1006, "", 0, u32::MAX, 1_000, false);
        resumes(1006, "", 1, u32::MAX, 2_000, false);
        resumes(1006, "", 99, u32::MAX, 30_000, false);
        resumes(4100, r#"{"why":"overloaded","after_ms":5000}"#, 0, 0, 5_500, false);
        resumes(4999, "no JSON", 0, 0, 500, false);
    }

    #[test]
    fn moved_and_expired_reconnect_at_once_the_first_time() {
        resumes(4201, r#"{"why":"moved","after_ms":1500}"#, 0, 7, 0, false);
        resumes(4201, "", 1, 0, 500, false);
        resumes(4300, r#"{"why":"token_expired"}"#, 0, 7, 0, true);
        resumes(4301, "", 2, 0, 500, true);
        resumes(4200, r#"{"why":"deploy","after_ms":1500}"#, 3, u32::MAX, 1_500, false);
        resumes(4200, "", 3, 0, 0, false);
    }
}
