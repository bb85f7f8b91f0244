//! Tests which notices follow from which changes.

use crate::edge_notices::notices::*;
use crate::store::item::{at, n, s};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

const AT: Time = Time::from_ms(9_000);

fn item(sk: &str, more: &[(&str, AttributeValue)]) -> Item {
    row("U#p_1", sk, more)
}

fn session(more: &[(&str, AttributeValue)]) -> Item {
    row("S#s_1", "S", more)
}

fn row(pk: &str, sk: &str, more: &[(&str, AttributeValue)]) -> Item {
    let usual = [
        ("pk", s(pk)),
        ("sk", s(sk)),
        ("player", s("p_1")),
        ("v", n(3)),
        ("auth_epoch", n(0)),
        ("updated", at(Time::from_ms(5))),
        ("sid", s("s_1")),
        ("uid", s("p_1")),
    ];
    let all = usual.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn change(old: Option<Item>, new: Option<Item>) -> Change {
    Change { old, new, at: AT }
}

fn check(old: Option<Item>, new: Option<Item>, expected: Value) {
    let change = change(old, new);
    let got = notices(&change).unwrap();
    assert_eq!(serde_json::to_value(&got).unwrap(), expected);
    assert_eq!(notices(&change).unwrap(), got);
}

fn time(name: &'static str, ms: u64) -> (&'static str, AttributeValue) {
    (name, at(Time::from_ms(ms)))
}

fn mutual(mutual: bool) -> Option<Item> {
    Some(item("F#p_2", &[("mutual", AttributeValue::Bool(mutual))]))
}

#[test]
fn profile_changes_are_reported() {
    let plain = || Some(item("PROFILE", &[]));
    check(None, plain(), json!([]));
    check(plain(), plain(), json!([]));
    check(
        plain(),
        Some(item("PROFILE", &[("v", n(4)), time("updated", 8)])),
        json!([{"player": "p_1", "at": 8, "kind": "profile", "version": 4}]),
    );
    check(
        plain(),
        Some(item("PROFILE", &[("auth_epoch", n(1)), time("epoch_at", 7)])),
        json!([{"player": "p_1", "at": 7, "kind": "revoked", "ep": 1}]),
    );
    let hidden = Some(item("PROFILE", &[("hidden", AttributeValue::Bool(true))]));
    check(plain(), hidden, json!([{"player": "p_1", "at": 9_000, "kind": "circle"}]));
    // Counts of blocks and follows are not visible.
    check(plain(), Some(item("PROFILE", &[("blocks", n(1))])), json!([]));
    check(plain(), None, json!([{"player": "p_1", "at": 9_000, "kind": "erased"}]));
}

#[test]
fn ban_comes_first_and_is_ordered_by_its_decision() {
    let banned = || Some(item("PROFILE", &[("v", n(4)), time("status_at", 60), time("banned_until", 500)]));
    check(
        Some(item("PROFILE", &[])),
        banned(),
        json!([
            {"player": "p_1", "at": 60, "kind": "banned", "until": 500},
            {"player": "p_1", "at": 60, "kind": "profile", "version": 4},
        ]),
    );
    let lifted = Some(item("PROFILE", &[("v", n(4)), time("status_at", 61)]));
    check(banned(), lifted, json!([{"player": "p_1", "at": 61, "kind": "unbanned"}]));
}

#[test]
fn revoked_session_is_reported_once() {
    let open = || Some(session(&[]));
    let ended = || Some(session(&[time("revoked", 70)]));
    check(None, open(), json!([]));
    check(open(), open(), json!([]));
    let expected = json!([{"player": "p_1", "at": 70, "kind": "session_ended", "sid": "s_1"}]);
    check(open(), ended(), expected);
    check(ended(), ended(), json!([]));
    check(open(), None, json!([]));
}

#[test]
fn blocks_and_mutual_follows_change_visibility() {
    let changed = || json!([{"player": "p_1", "at": 9_000, "kind": "circle"}]);
    for sk in ["X#B#p_2", "X#b#p_2"] {
        let block = || Some(item(sk, &[]));
        check(None, block(), changed());
        check(block(), None, changed());
        check(block(), block(), json!([]));
    }
    check(None, mutual(false), json!([]));
    check(None, mutual(true), changed());
    check(mutual(false), mutual(true), changed());
    check(mutual(true), mutual(false), changed());
    check(mutual(true), None, changed());
    check(mutual(false), None, json!([]));
}

#[test]
fn other_rows_concern_only_the_region() {
    let rows = [
        ("U#p_1", "BAN#0000000000042#b_1"),
        ("M#m_1", "M"),
        ("R#r_1", "R"),
        ("U#p_1", "NEW#1"),
        ("NEW#1", "N"),
    ];
    for (pk, sk) in rows {
        check(None, Some(row(pk, sk, &[])), json!([]));
        check(Some(row(pk, sk, &[])), None, json!([]));
    }
    check(None, None, json!([]));
}

#[test]
fn raised_epoch_deletes_older_sessions() {
    let raised = || Some(item("PROFILE", &[("auth_epoch", n(2))]));
    let all = |old, new| follow_ups(&change(old, new)).unwrap();
    let player: PlayerId = "p_1".parse().unwrap();
    let delete = FollowUp::DeleteSessions { player, below: 2 };
    assert_eq!(all(Some(item("PROFILE", &[])), raised()), [delete]);
    assert_eq!(all(raised(), raised()), []);
    assert_eq!(all(None, raised()), []);
    assert_eq!(all(raised(), None), []);
}

#[test]
fn broken_profile_is_an_error() {
    let mut broken = item("PROFILE", &[]);
    broken.remove("v");
    assert!(notices(&change(Some(item("PROFILE", &[])), Some(broken))).is_err());
}
