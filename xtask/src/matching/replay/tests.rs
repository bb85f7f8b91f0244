//! What a replay does with those who come, wait and leave.

use super::*;
use crate::matching::read;
use shared::caps;
use shared::pool;

fn pool(text: &str) -> Pool {
    let pools = pool::read(&format!(r#"{{"a":{text}}}"#)).unwrap();
    pools.into_values().next().unwrap()
}

fn check(log: &str, rules: &str, fates: &[Fate]) -> Outcome {
    let (log, pool) = (read::csv(log).unwrap(), pool(rules));
    let outcome = run(&log, &pool, &mut Lobby::new(&pool));
    assert_eq!(outcome.fates, fates);
    outcome
}

fn matched(at: u64, made: usize) -> Fate {
    let at = Time::from_ms(at);
    Fate::Matched { at, made }
}

const FIFO: &str = r#"{"seats":2}"#;
const RANKED: &str = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":400}}"#;

#[test]
fn a_window_is_waited_for_and_not_polled() {
    let log = "at,player,rating\n0,p_1,1500\n1000,p_2,1650\n";
    let outcome = check(log, RANKED, &[matched(6000, 0), matched(6000, 0)]);
    let waiting: Vec<_> = outcome.waiting.iter().map(|(at, n)| (at.ms(), *n)).collect();
    assert_eq!(waiting, [(0, 1), (1000, 2), (6000, 0)]);
}

#[test]
fn people_leave_lose_patience_and_are_let_go() {
    let log = "at,player,op,rating,patience_s\n0,p_1,,0,\n5,p_2,,9999,2.5\n9,p_3,,5000,\n70,p_3,leave,,\n";
    let hour = Time::default() + caps::TICKET_AGE;
    let fates = [Fate::Expired(hour), Fate::GaveUp(Time::from_ms(2505)), Fate::Left(Time::from_ms(70))];
    check(log, RANKED, &fates);
}

#[test]
fn entering_again_while_one_waits_changes_nothing() {
    let log = "at,player\n0,p_1\n5,p_1\n9,p_2\n20,p_1\n21,p_3\n";
    let fates = [matched(9, 0), Fate::Again, matched(9, 0), matched(21, 1), matched(21, 1)];
    check(log, FIFO, &fates);
}

#[test]
fn who_met_is_kept_apart_for_as_long_as_the_pool_says() {
    let log = "at,player\n0,p_1\n1,p_2\n2,p_1\n3,p_2\n";
    let rules = r#"{"seats":2,"no_rematch_s":4}"#;
    let fates = [matched(1, 0), matched(1, 0), matched(4001, 1), matched(4001, 1)];
    check(log, rules, &fates);
}

const TEAMS: &str = r#"{"teams":{"count":2,"size":2},"party":2}"#;

#[test]
fn a_party_enters_as_one_and_plays_in_one_team() {
    let log = "at,player,party\n0,p_1,x\n0,p_2,x\n5,p_3,\n9,p_4,\n";
    let outcome = check(log, TEAMS, &[matched(9, 0); 3]);
    let mut teams = outcome.matches[0].teams.clone();
    teams.sort();
    assert_eq!(teams, [vec![0], vec![1, 2]]);
    assert_eq!(outcome.waiting[0], (Time::default(), 2));
    check(log, FIFO, &[Fate::Refused, matched(9, 0), matched(9, 0)]);
}

/// A matchmaker that serves who came last.
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
fn who_is_passed_over_is_noticed() {
    let log = read::csv("at,player,rating\n0,p_1,1500\n1,p_2,1510\n2,p_3,1520\n").unwrap();
    let outcome = run(&log, &pool(RANKED), &mut Unfair::default());
    assert_eq!(outcome.passed_over, BTreeSet::from([0]));
    // Who would not have fitted is not passed over.
    let log = read::csv("at,player,rating\n0,p_1,1500\n1,p_2,1710\n2,p_3,1720\n").unwrap();
    let outcome = run(&log, &pool(RANKED), &mut Unfair::default());
    assert!(outcome.passed_over.is_empty());
}
