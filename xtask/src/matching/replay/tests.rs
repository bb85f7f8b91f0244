//! Tests replays of entries, departures, waits and parties.

use super::*;
use crate::matching::read;
use shared::limits;
use shared::pool;

fn pool(text: &str) -> Pool {
    let pools = pool::read(&format!(r#"{{"a":{text}}}"#)).unwrap();
    pools.into_values().next().unwrap()
}

fn check(log: &str, rules: &str, fates: &[EntryOutcome]) -> Outcome {
    let (log, pool) = (read::csv(log).unwrap(), pool(rules));
    let outcome = run(&log, &pool, &mut Lobby::new(&pool));
    assert_eq!(outcome.entries, fates);
    outcome
}

fn matched(at: u64, made: usize) -> EntryOutcome {
    let at = Time::from_ms(at);
    EntryOutcome::Matched { at, made }
}

const FIFO: &str = r#"{"seats":2}"#;
const RANKED: &str = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":400}}"#;

#[test]
fn widening_window_wakes_the_matchmaker_once() {
    let log = "at,player,rating\n0,p_1,1500\n1000,p_2,1650\n";
    let outcome = check(log, RANKED, &[matched(5000, 0), matched(5000, 0)]);
    let waiting: Vec<_> = outcome.waiting.iter().map(|(at, n)| (at.ms(), *n)).collect();
    assert_eq!(waiting, [(0, 1), (1000, 2), (5000, 0)]);
}

#[test]
fn entries_leave_lose_patience_and_expire() {
    let log = "at,player,op,rating,patience_s\n0,p_1,,0,\n5,p_2,,9999,2.5\n9,p_3,,5000,\n70,p_3,leave,,\n";
    let hour = Time::default() + limits::TICKET_AGE_MAX;
    let fates = [
        EntryOutcome::Expired(hour),
        EntryOutcome::GaveUp(Time::from_ms(2505)),
        EntryOutcome::Left(Time::from_ms(70)),
    ];
    check(log, RANKED, &fates);
}

#[test]
fn entering_again_while_waiting_is_ignored() {
    let log = "at,player\n0,p_1\n5,p_1\n9,p_2\n20,p_1\n21,p_3\n";
    let fates = [matched(9, 0), EntryOutcome::Again, matched(9, 0), matched(21, 1), matched(21, 1)];
    check(log, FIFO, &fates);
}

#[test]
fn recent_opponents_are_kept_apart_as_long_as_the_pool_demands() {
    let log = "at,player\n0,p_1\n1,p_2\n2,p_1\n3,p_2\n";
    let rules = r#"{"seats":2,"no_rematch_s":4}"#;
    let fates = [matched(1, 0), matched(1, 0), matched(4001, 1), matched(4001, 1)];
    check(log, rules, &fates);
}

const TEAMS: &str = r#"{"teams":{"count":2,"size":2},"party":2}"#;

#[test]
fn party_enters_with_one_ticket_and_plays_in_one_team() {
    let log = "at,player,party\n0,p_1,x\n0,p_2,x\n5,p_3,\n9,p_4,\n";
    let outcome = check(log, TEAMS, &[matched(9, 0); 3]);
    let mut teams = outcome.matches[0].teams.clone();
    teams.sort();
    assert_eq!(teams, [vec![0], vec![1, 2]]);
    assert_eq!(outcome.waiting[0], (Time::default(), 2));
    check(log, FIFO, &[EntryOutcome::Refused, matched(9, 0), matched(9, 0)]);
}

/// A matchmaker that serves the newest entry first.
#[derive(Default)]
struct Unfair(Vec<usize>);

impl Matcher for Unfair {
    fn entered(&mut self, _now: Time, nth: usize, _ticket: &Ticket) -> Vec<Match> {
        self.0.push(nth);
        if self.0.len() < 3 {
            return Vec::new();
        }
        vec![self.0.split_off(1).into_iter().map(|nth| vec![nth]).collect()]
    }

    fn left(&mut self, nth: usize) {
        self.0.retain(|it| *it != nth);
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn woke(&mut self, _now: Time) -> Vec<Match> {
        Vec::new()
    }
}

#[test]
fn passed_over_entry_is_recorded() {
    let log = read::csv("at,player,rating\n0,p_1,1500\n1,p_2,1510\n2,p_3,1520\n").unwrap();
    let outcome = run(&log, &pool(RANKED), &mut Unfair::default());
    assert_eq!(outcome.passed_over, BTreeSet::from([0]));
    // An entry that would not have fitted is not passed over.
    let log = read::csv("at,player,rating\n0,p_1,1500\n1,p_2,1710\n2,p_3,1720\n").unwrap();
    let outcome = run(&log, &pool(RANKED), &mut Unfair::default());
    assert!(outcome.passed_over.is_empty());
}
