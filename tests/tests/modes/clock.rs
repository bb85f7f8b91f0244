//! The chess clock: time controls, pauses, flags.

use super::table::START;
use serde_json::json;
use shared::mode::Seat;
use shared::mode::clock::{Clock, Pace, TimeControl};
use shared::time::Time;
use std::time::Duration;

const ANA: Seat = Seat::FIRST;
const BEN: Seat = Seat::SECOND;

fn clock(pace: Pace) -> Clock {
    Clock::new(START, 2, &TimeControl { pace, pause_while_away: false })
}

fn at(secs: u64) -> Time {
    START + Duration::from_secs(secs)
}

/// Asserts the seconds left to both seats.
fn check(clock: &Clock, secs: u64, ana_s: u64, ben_s: u64) {
    let left = [ANA, BEN].map(|seat| clock.left(at(secs), seat).map(|left| left.as_secs()));
    assert_eq!(left, [Some(ana_s), Some(ben_s)], "after {secs} s");
}

#[test]
fn total_time_is_used_by_the_running_seat_only() {
    let mut clock = clock(Pace::Total { total_s: 60 });
    check(&clock, 10, 50, 60);
    clock.pass_to(at(10), BEN);
    check(&clock, 30, 50, 40);
    clock.pass_to(at(30), ANA);
    check(&clock, 31, 49, 40);
}

#[test]
fn fischer_adds_the_increment_after_a_move() {
    let mut clock = clock(Pace::Fischer { initial_s: 60, increment_s: 5 });
    clock.pass_to(at(10), BEN);
    check(&clock, 10, 55, 60);
    clock.pass_to(at(12), ANA);
    check(&clock, 12, 55, 63);
}

#[test]
fn per_move_time_is_full_again_after_a_move() {
    let mut clock = clock(Pace::PerMove { move_s: 30 });
    clock.pass_to(at(29), BEN);
    check(&clock, 29, 30, 30);
    assert_eq!(clock.flag(at(58)), None);
    assert_eq!(clock.flag(at(59)), Some(BEN));
}

#[test]
fn flag_falls_at_the_deadline_and_stays_however_late_it_is_asked() {
    let clock = clock(Pace::Total { total_s: 60 });
    assert_eq!(clock.wake_at(), Some(at(60)));
    assert_eq!(clock.flag(at(59)), None);
    for late_s in [60, 61, 61, 100_000] {
        assert_eq!(clock.flag(at(late_s)), Some(ANA));
    }
}

#[test]
fn clock_pauses_while_the_player_is_away_only_by_rule() {
    for pause_while_away in [false, true] {
        let control = TimeControl { pace: Pace::Total { total_s: 60 }, pause_while_away };
        let mut clock = Clock::new(START, 2, &control);
        // The clock of a player who waits does not run in any case.
        clock.away(at(5), BEN);
        clock.away(at(10), ANA);
        assert_eq!(clock.wake_at(), (!pause_while_away).then_some(at(60)));
        assert_eq!(clock.flag(at(70)), (!pause_while_away).then_some(ANA));
        clock.back(at(30), ANA);
        check(&clock, 30, if pause_while_away { 50 } else { 30 }, 60);
        assert_eq!(clock.flag(at(60)), (!pause_while_away).then_some(ANA));
    }
}

#[test]
fn unlimited_time_never_ends() {
    let mut clock = clock(Pace::Unlimited);
    clock.pass_to(at(1_000_000), BEN);
    assert_eq!((clock.wake_at(), clock.flag(Time::LAST), clock.left(START, ANA)), (None, None, None));
}

#[test]
fn time_that_steps_back_is_not_charged() {
    let mut clock = clock(Pace::Total { total_s: 60 });
    clock.pass_to(START - Duration::from_secs(10), BEN);
    assert_eq!(clock.left(START - Duration::from_secs(10), ANA), Some(Duration::from_mins(1)));
}

#[test]
fn view_has_the_time_left_and_the_end_of_the_running_seat() {
    let mut clock =
        Clock::new(START, 2, &TimeControl { pace: Pace::Total { total_s: 60 }, pause_while_away: true });
    clock.pass_to(at(10), BEN);
    assert_eq!(json!(clock.view()), json!({ "began": START, "0": 50_000, "1": 70_000 }));
    clock.away(at(20), BEN);
    assert_eq!(json!(clock.view()), json!({ "began": START, "0": 50_000, "1": 50_000, "paused": true }));
}
