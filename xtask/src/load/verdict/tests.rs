//! Tests that faults planted in the accounts of a run fail its verdict.

use super::super::machine::Environment;
use super::super::run::{Reads, Tickets};
use super::super::scenario::Scenario;
use super::super::stage::Stage;
use super::super::tally::Counts;
use super::*;
use crate::ledger::{Heard, TalkSums, Talks};
use std::collections::BTreeMap;

const PEOPLE: &str = "about = \"x\"\n[people]\ncurve = [[0, 0], [60, 10]]\npool = \"speed-dating\"\n\
    talk_s = 60\npause_s = 5\nrate = 0.4\nhints = 0.1\ncuts = 0.02\nprofiles = 5\n";

/// A run in which all is well.
fn fine() -> Run {
    let mut run = Run {
        name: "x".into(),
        scenario: Scenario::parse(PEOPLE).expect("a scenario"),
        scale: 1.0,
        time: 1.0,
        shards: Vec::new(),
        when: "20261129-080000".into(),
        seconds: 60.0,
        environment: Environment::default(),
        counts: Counts::default(),
        errors: BTreeMap::new(),
        talks: TalkSums { sent: 1_000, received: 1_000, ..TalkSums::default() },
        tickets: Tickets { entered: 10, matched: 10, rooms: 5, ..Tickets::default() },
        faults: Vec::new(),
        stages: BTreeMap::new(),
        store: Times::default(),
        lag: Times::default(),
        reads: Some(Reads { hits: 90.0, all: 100.0 }),
        measured: None,
        samples: Vec::new(),
    };
    run.counts.operations = 5_000;
    for (stage, ms) in [(Stage::SignIn, 20), (Stage::Message, 8)] {
        run.stages.entry(stage).or_default().record(Duration::from_millis(ms));
    }
    run.store.record(Duration::from_millis(2));
    run.lag.record(Duration::from_millis(1));
    run
}

#[track_caller]
fn check(change: impl FnOnce(&mut Run), expected: Verdict) {
    let mut run = fine();
    change(&mut run);
    let criteria = criteria(&run);
    assert_eq!(verdict(&criteria, None), expected, "{criteria:#?}");
}

/// Lets a receiver hear these numbers of three messages.
fn heard(numbers: &[u64]) -> TalkSums {
    let (mut talks, mut heard) = (Talks::default(), Heard::default());
    for n in numbers {
        heard.hear(*n);
    }
    talks.sent("m_1", "p_a", 3);
    talks.heard("m_1", "p_a", heard);
    talks.sums()
}

#[test]
fn run_in_which_all_is_well_passes() {
    check(|_| (), Verdict::Passed);
    check(|run| run.talks = heard(&[0, 1, 2]), Verdict::Passed);
}

#[test]
fn planted_faults_fail_the_verdict() {
    for numbers in [&[0, 2][..], &[0, 1], &[0, 1, 1, 2], &[1, 0, 2], &[0, 1, 2, 3]] {
        check(|run| run.talks = heard(numbers), Verdict::Failed);
    }
    check(|run| run.talks.one_sided = 1, Verdict::Failed);
    check(|run| run.tickets.faults = 1, Verdict::Failed);
    check(|run| run.counts.violations = 1, Verdict::Failed);
    check(|run| run.counts.errors = 5, Verdict::Failed);
    check(|run| run.counts.errors = 4, Verdict::Passed);
}

#[test]
fn run_without_messages_or_steps_is_no_success() {
    check(|run| run.talks = TalkSums::default(), Verdict::Failed);
    check(|run| run.counts.operations = 0, Verdict::Failed);
}

#[test]
fn missed_goals_fail_unless_the_generator_was_late() {
    let slow = |run: &mut Run| {
        for _ in 0..99 {
            run.stages.entry(Stage::Message).or_default().record(Duration::from_millis(300));
        }
    };
    check(slow, Verdict::Failed);
    let slow_and_late = |run: &mut Run| {
        slow(run);
        run.lag.record(Duration::from_millis(80));
    };
    check(slow_and_late, Verdict::Undecided);
    check(|run| run.reads = Some(Reads { hits: 80.0, all: 100.0 }), Verdict::Failed);
    check(|run| run.stages.clear(), Verdict::Undecided);
}

#[test]
fn part_of_a_scenario_is_no_pass_of_the_whole() {
    let run = fine();
    assert!(run.is_full());
    assert!(!Run { scale: 0.5, ..run.clone() }.is_full() && !Run { time: 0.1, ..run.clone() }.is_full());
    let shard = |nth| super::super::run::Shard { nth, of: 2 };
    let half = Run { shards: vec![shard(1)], ..run.clone() };
    assert!(!half.is_full());
    let other = Run { shards: vec![shard(2)], ..run.clone() };
    let merged = Run::merged(&[half.clone(), other]).expect("two halves");
    assert!(merged.is_full());
    assert_eq!((merged.talks.sent, merged.tickets.rooms, merged.store.count()), (2_000, 10, 2));
    assert!(Run::merged(&[half.clone(), half]).is_err(), "the same shard twice");
    assert!(Run::merged(&[run]).is_err());
}
