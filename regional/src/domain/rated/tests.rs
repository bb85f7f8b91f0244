//! Tests which matches are rated, and by which outcome.

use super::*;
use serde_json::{Value, json};

/// Returns the outcome of a match of Ana and Ben with these changes: the rank of each player, where 0 is a draw, in the
/// order of `players`.
fn ranks(change: impl FnOnce(&mut MatchRecord)) -> Option<Vec<u64>> {
    let mut record: MatchRecord = serde_json::from_value(json!({
        "id": "m_1", "pool": "ranked", "started": 1, "ended": 2, "reason": "ended", "by": null, "events": 3,
        "players": [{"player": "p_1", "name": "Ana", "came": true}, {"player": "p_2", "name": "Ben", "came": true}],
        "result": {"winner": "p_1"},
    }))
    .unwrap();
    change(&mut record);
    let (players, outcome) = rated_outcome(&record)?;
    assert_eq!(players.len(), record.players.len());
    Some(match outcome {
        Outcome::Draw => vec![0; players.len()],
        Outcome::Ranks(ranks) => record.players.iter().map(|one| ranks[&one.player]).collect(),
    })
}

fn check(change: impl FnOnce(&mut MatchRecord), expected: Option<&[u64]>) {
    assert_eq!(ranks(change).as_deref(), expected);
}

const FIRST_WON: Option<&[u64]> = Some(&[1, 2]);
const DRAW: Option<&[u64]> = Some(&[0, 0]);

fn add_player(record: &mut MatchRecord, id: &str) {
    let mut player = record.players.first().unwrap().clone();
    player.player = id.parse().unwrap();
    record.players.push(player);
}

/// Gives the match a mode that decided these ranks. The result, which must not count, says that `p_2` won.
fn decide(record: &mut MatchRecord, ranks: &[u32], draw: bool) {
    record.mode = Some("connect-four@1".into());
    record.reason = EndReason::Mode;
    record.result = json!({"winner": "p_2"});
    record.outcome = Some(mode::Outcome { ranks: ranks.to_vec(), draw, why: "line".into() });
}

#[test]
fn only_finished_matches_of_present_players_are_rated() {
    check(|_| (), FIRST_WON);
    check(|r| r.reason = EndReason::TimeUp, FIRST_WON);
    check(|r| r.reason = EndReason::NoShow, None);
    check(|r| r.result = json!({"draw": true}), DRAW);
    check(|r| r.reason = EndReason::Abandoned, None);
    check(|r| r.result = json!({}), None);
    check(|r| r.players.truncate(1), None);
    check(|r| r.players.iter_mut().for_each(|one| one.came = one.name == "Ana"), None);
}

#[test]
fn result_set_by_a_player_counts_only_against_that_player() {
    let said = |by: &str, result: Value, expected| {
        check(
            |r| {
                r.by = by.parse().ok();
                r.result = result;
            },
            expected,
        );
    };
    said("p_2", json!({"winner": "p_1"}), FIRST_WON);
    said("p_2", json!({"ranks": {"p_1": 1, "p_2": 2}}), FIRST_WON);
    said("p_1", json!({"winner": "p_1"}), None);
    said("p_1", json!({"ranks": {"p_1": 1, "p_2": 2}}), None);
    said("p_1", json!({"draw": true}), None);
    // A referee did not play.
    said("p_3", json!({"winner": "p_1"}), FIRST_WON);
    let three = |by: Option<&str>, expected| {
        let more = |r: &mut MatchRecord| {
            add_player(r, "p_3");
            r.by = by.and_then(|by| by.parse().ok());
        };
        check(more, expected);
    };
    three(None, Some(&[1, 2, 2]));
    three(Some("p_2"), None);
}

#[test]
fn match_that_one_of_three_missed_is_not_rated() {
    for missing in 0..3 {
        let missed = |r: &mut MatchRecord| {
            add_player(r, "p_3");
            r.players.get_mut(missing).unwrap().came = false;
        };
        check(missed, None);
        check(
            |r| {
                decide(r, &[1, 2, 3], false);
                missed(r);
            },
            None,
        );
    }
}

#[test]
fn mode_decides_for_all_players_in_the_order_of_seats() {
    check(|r| decide(r, &[1, 2], false), FIRST_WON);
    check(|r| decide(r, &[2, 1], false), Some(&[2, 1]));
    check(|r| decide(r, &[1, 1], true), DRAW);
    check(|r| decide(r, &[1, 1], false), DRAW);
    let three = |ranks: &[u32], expected| {
        check(
            |r| {
                add_player(r, "p_0");
                decide(r, ranks, false);
            },
            expected,
        );
    };
    three(&[3, 1, 2], Some(&[3, 1, 2]));
    three(&[1, 1, 3], Some(&[1, 1, 3]));
    three(&[1, 1, 1], Some(&[0, 0, 0]));
}

#[test]
fn outcome_that_does_not_fit_the_players_is_not_rated() {
    for ranks in [&[][..], &[1], &[1, 2, 3], &[0, 1], &[1, 3], &[0, 0], &[1, u32::MAX]] {
        check(|r| decide(r, ranks, false), None);
    }
    // The ranks contradict the draw.
    check(|r| decide(r, &[1, 2], true), None);
    check(
        |r| {
            decide(r, &[1, 2], false);
            r.outcome = None;
        },
        None,
    );
    check(
        |r| {
            decide(r, &[1, 2], false);
            r.mode = None;
        },
        None,
    );
}

#[test]
fn match_of_a_mode_is_rated_only_if_the_mode_ended_it() {
    for reason in [
        EndReason::Ended,
        EndReason::Abandoned,
        EndReason::NoShow,
        EndReason::TimeUp,
        EndReason::Agreed,
        EndReason::Disputed,
        EndReason::ModeGone,
    ] {
        check(
            |r| {
                decide(r, &[1, 2], false);
                r.reason = reason;
            },
            None,
        );
    }
}

#[test]
fn agreed_result_is_rated_for_all_and_a_disputed_one_for_none() {
    let agreed = |result: Value, expected| {
        check(
            |r| {
                r.reason = EndReason::Agreed;
                add_player(r, "p_3");
                r.result = result;
            },
            expected,
        );
    };
    agreed(json!({"winner": "p_2"}), Some(&[2, 1, 2]));
    agreed(json!({"ranks": {"p_1": 1, "p_2": 1, "p_3": 2}}), Some(&[1, 1, 3]));
    agreed(json!({"draw": true}), Some(&[0, 0, 0]));
    agreed(json!({"ranks": {"p_1": 1, "p_2": 2}}), None);
    check(|r| r.reason = EndReason::Disputed, None);
    check(|r| r.reason = EndReason::ModeGone, None);
}
