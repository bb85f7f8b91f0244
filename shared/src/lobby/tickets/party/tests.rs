//! Tests the lifetime of parties against the sockets of their members.

use crate::lobby::test_lobby::TestLobby;
use serde_json::json;
use std::time::Duration;

const POOL: &str = r#"{"seats":4,"party":2,"pause_s":30}"#;

#[test]
fn party_ends_soon_after_its_last_member_hung_up() {
    let mut lobby = TestLobby::new(POOL);
    for nth in 1..=120 {
        lobby.open(nth);
        lobby.say(nth, &json!({ "op": "party" }));
        lobby.close(nth);
    }
    assert_eq!(lobby.rows("p/"), 120);
    lobby.pass(Duration::from_secs(30));
    assert_eq!(lobby.rows("p/"), 0);
}

#[test]
fn party_lives_while_a_member_is_connected_or_returns_in_time() {
    let mut lobby = TestLobby::new(POOL);
    lobby.open(1);
    lobby.say(1, &json!({ "op": "party" }));
    lobby.pass(Duration::from_secs(600));
    lobby.close(1);
    lobby.pass(Duration::from_secs(29));
    lobby.open(1);
    lobby.pass(Duration::from_secs(600));
    assert_eq!(lobby.rows("p/"), 1);
}

#[test]
fn party_outlives_its_match() {
    let mut lobby = TestLobby::new(r#"{"seats":2,"party":2,"pause_s":30}"#);
    lobby.enter_party(&[1, 2]);
    assert_eq!(lobby.events(2, "matched").len(), 1);
    lobby.pass(Duration::from_secs(600));
    assert_eq!(lobby.rows("p/"), 1);
}
