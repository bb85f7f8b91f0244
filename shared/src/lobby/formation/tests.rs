//! Tests the formation of matches: who loses a place, who cools down, who rests, and what remains on disk.

use crate::limits;
use crate::lobby::test_lobby::{TestLobby, player};
use crate::metrics::{Counter, Measure};
use crate::trace::Trace;
use serde_json::{Value, json};
use std::time::Duration;

const PROPOSING: &str = r#"{"seats":2,"propose_s":15}"#;
const PARTIES: &str = r#"{"teams":{"count":2,"size":2},"party":2,"propose_s":15}"#;

/// Returns the code of the refusal of `enter`, if it is refused.
fn enter_error(lobby: &mut TestLobby, nth: u32) -> Option<String> {
    let reply = lobby.say(nth, &json!({ "op": "enter" }));
    reply["err"]["code"].as_str().map(str::to_owned)
}

fn reply(lobby: &mut TestLobby, nth: u32, op: &str) {
    let reply = lobby.say(nth, &json!({ "op": op }));
    assert!(reply["ok"].is_object(), "{reply}");
}

#[test]
fn only_the_player_who_declined_cools_down() {
    for accepts_first in [false, true] {
        let mut lobby = TestLobby::new(PROPOSING);
        lobby.enter(&[1, 2]);
        assert_eq!(lobby.events(1, "proposed").len(), 1);
        if accepts_first {
            reply(&mut lobby, 1, "accept");
        }
        reply(&mut lobby, 2, "decline");
        let expired = lobby.events(2, "expired");
        assert_eq!((&expired[0]["reason"], &expired[0]["after_ms"]), (&json!("declined"), &json!(30_000)));
        assert_eq!(enter_error(&mut lobby, 2).as_deref(), Some("cooldown"));
        let returned = lobby.events(1, "returned");
        assert_eq!(returned[0]["since"], lobby.events(1, "queued")[0]["since"]);
        // The other one may leave and enter at once.
        reply(&mut lobby, 1, "leave");
        assert_eq!(enter_error(&mut lobby, 1), None);
        assert_eq!(lobby.rows("c/"), 1);
    }
}

#[test]
fn only_the_player_who_did_not_answer_cools_down() {
    let mut lobby = TestLobby::new(PROPOSING);
    lobby.enter(&[1, 2]);
    reply(&mut lobby, 1, "accept");
    lobby.pass(Duration::from_secs(15));
    assert_eq!(lobby.events(2, "expired")[0]["reason"], "no_answer");
    assert_eq!(enter_error(&mut lobby, 2).as_deref(), Some("cooldown"));
    assert_eq!(lobby.events(1, "returned").len(), 1);
    reply(&mut lobby, 1, "leave");
    assert_eq!(enter_error(&mut lobby, 1), None);
}

#[test]
fn member_who_declines_does_not_cost_the_party_its_place() {
    let mut lobby = TestLobby::new(PARTIES);
    lobby.enter_party(&[1, 2]);
    let since = lobby.events(1, "queued")[0]["since"].clone();
    lobby.pass(Duration::from_secs(5));
    lobby.enter(&[3, 4]);
    for nth in [1, 3, 4] {
        reply(&mut lobby, nth, "accept");
    }
    reply(&mut lobby, 2, "decline");
    assert_eq!(lobby.events(2, "expired")[0]["after_ms"], 30_000);
    assert_eq!(lobby.events(1, "returned")[0]["since"], since);
    assert_eq!(lobby.events(1, "expired"), [] as [Value; 0]);
    // The leader is matched alone with the others, and a new player.
    lobby.enter(&[5]);
    for nth in [1, 3, 4, 5] {
        reply(&mut lobby, nth, "accept");
    }
    for nth in [1, 3, 4, 5] {
        assert_eq!(lobby.events(nth, "matched").len(), 1, "{nth}");
    }
    assert_eq!((lobby.rows("t/"), lobby.rows("m/"), lobby.rooms.len()), (0, 0, 1));
}

#[test]
fn silent_member_does_not_cost_the_party_its_place() {
    let mut lobby = TestLobby::new(PARTIES);
    lobby.enter_party(&[1, 2]);
    lobby.enter(&[3, 4]);
    for nth in [1, 3, 4] {
        reply(&mut lobby, nth, "accept");
    }
    lobby.pass(Duration::from_secs(15));
    assert_eq!(lobby.events(2, "expired")[0]["reason"], "no_answer");
    for nth in [1, 3, 4] {
        assert_eq!(lobby.events(nth, "returned").len(), 1, "{nth}");
    }
}

#[test]
fn leader_who_declines_takes_the_party_out_of_the_queue() {
    let mut lobby = TestLobby::new(PARTIES);
    lobby.enter_party(&[1, 2]);
    lobby.enter(&[3, 4]);
    reply(&mut lobby, 1, "decline");
    assert_eq!(lobby.events(1, "expired")[0]["after_ms"], 30_000);
    let member = lobby.events(2, "expired");
    assert_eq!((&member[0]["reason"], &member[0]["after_ms"]), (&json!("party_left"), &Value::Null));
    assert_eq!((lobby.rows("t/"), lobby.rows("c/")), (2, 1));
}

#[test]
fn rematch_is_excluded_although_the_region_does_not_know_the_match_yet() {
    let mut lobby = TestLobby::new(r#"{"seats":2,"no_rematch_s":600}"#);
    lobby.enter(&[1, 2]);
    assert_eq!(lobby.rooms.len(), 1);
    lobby.enter(&[1, 2]);
    lobby.pass(Duration::from_secs(599));
    assert_eq!(lobby.rooms.len(), 1);
    // They wait for each other, and another player is matched at once.
    lobby.enter(&[3]);
    assert_eq!((lobby.rooms.len(), lobby.events(3, "matched").len()), (2, 1));
    let again = if lobby.events(1, "matched").len() == 2 { 1 } else { 2 };
    lobby.enter(&[again]);
    lobby.pass(Duration::from_secs(1));
    assert_eq!(lobby.rooms.len(), 3, "the two who met first");
}

#[test]
fn ticket_rests_until_the_reservation_for_another_match_ends() {
    let mut lobby = TestLobby::new(r#"{"seats":2}"#);
    let until = lobby.now + Duration::from_secs(14);
    lobby.busy.insert(player(1), until);
    lobby.enter(&[1, 2]);
    lobby.pass(Duration::from_secs(20));
    let tries: Vec<_> = lobby.reservations.iter().filter(|(_, of)| *of == player(1)).collect();
    assert_eq!(tries.len(), 2, "{tries:?}");
    assert!(tries[1].0 >= until);
    assert_eq!(lobby.rooms.len(), 1);
    // Another player is matched meanwhile.
    let mut lobby = TestLobby::new(r#"{"seats":2}"#);
    lobby.busy.insert(player(1), until);
    lobby.enter(&[1, 2, 3]);
    assert_eq!((lobby.events(2, "matched").len(), lobby.events(3, "matched").len()), (1, 1));
    assert!(limits::RESERVATION_TTL > Duration::from_secs(14));
}

#[test]
fn party_that_fills_a_match_alone_rests_too() {
    let mut lobby = TestLobby::new(r#"{"seats":2,"party":2}"#);
    let until = lobby.now + Duration::from_secs(14);
    lobby.busy.insert(player(1), until);
    lobby.enter_party(&[1, 2]);
    lobby.pass(Duration::from_secs(20));
    let tries = lobby.reservations.iter().filter(|(_, of)| *of == player(1)).count();
    assert_eq!((tries, lobby.rooms.len()), (2, 1));
}

#[test]
fn rows_are_deleted_with_the_last_use_of_their_item() {
    let mut lobby = TestLobby::new(r#"{"seats":2,"propose_s":15,"no_rematch_s":60}"#);
    for round in 0..4 {
        let players = [10 * round + 1, 10 * round + 2, 10 * round + 3];
        lobby.enter(&players);
        reply(&mut lobby, players[0], "accept");
        reply(&mut lobby, players[1], "decline");
        reply(&mut lobby, players[0], "accept");
        reply(&mut lobby, players[2], "accept");
        assert_eq!((lobby.rows("t/"), lobby.rows("m/")), (0, 0), "round {round}");
        // Cooldowns and recent matches are deleted when the next of their kind is written.
        assert_eq!((lobby.rows("c/"), lobby.rows("n/")), (1, 1), "round {round}");
        lobby.pass(limits::COOLDOWN_MAX + limits::COOLDOWN_FIRST);
    }
    assert_eq!(lobby.rooms.len(), 4);
}

#[test]
fn player_is_looked_up_again_after_a_match() {
    let mut lobby = TestLobby::new(r#"{"seats":2}"#);
    lobby.enter(&[1, 2]);
    assert_eq!((lobby.rooms.len(), lobby.lookups.len()), (1, 2));
    // The rating has changed with the match, although the profile was read a moment ago.
    lobby.enter(&[1]);
    assert_eq!(lobby.lookups.last(), Some(&player(1)));
    assert_eq!(lobby.lookups.len(), 3);
}

#[test]
fn match_is_counted_and_has_the_trace_of_the_ticket_that_waits_longest() {
    let [first, second] = [1, 2].map(|fill| Trace::new([fill; 16]));
    let mut lobby = TestLobby::new(r#"{"seats":2}"#);
    for (nth, trace) in
        [(1, None), (2, None), (3, Some(second)), (4, None), (5, Some(first)), (6, Some(second))]
    {
        let player = format!("p_{nth}");
        let entry = json!({ "action": "enter", "player": player, "body": {}, "trace": trace });
        drop(lobby.serve(&entry));
        lobby.pass(Duration::from_secs(1));
    }
    assert_eq!(lobby.traces, [None, Some(second), Some(first)]);
    let (mut matches, mut waits) = (0, Vec::new());
    let (_, observed) = lobby.lobby.observed();
    let counted = |counter, by| matches += if counter == Counter::Match { by } else { 0 };
    observed.take(counted, |measure, ms| waits.extend((measure == Measure::MatchWait).then_some(ms)));
    assert_eq!((matches, waits.len()), (3, 6), "{waits:?}");
}
