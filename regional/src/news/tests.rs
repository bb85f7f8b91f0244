//! Does the edge hear what concerns it, and nothing else?

use super::*;
use crate::store::item::{at, n, s};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

const AT: Time = Time::from_ms(9_000);

fn item(kind: &str, more: &[(&str, AttributeValue)]) -> Item {
    let usual = [
        ("t", s(kind)),
        ("pk", s("U#p_1")),
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
    Some(item("follow", &[("mutual", AttributeValue::Bool(mutual))]))
}

#[test]
fn a_profile_that_changes() {
    let plain = || Some(item("profile", &[]));
    check(None, plain(), json!([]));
    check(plain(), plain(), json!([]));
    check(
        plain(),
        Some(item("profile", &[("v", n(4)), time("updated", 8)])),
        json!([{"player": "p_1", "at": 8, "kind": "profile", "version": 4}]),
    );
    check(
        plain(),
        Some(item("profile", &[("auth_epoch", n(1)), time("epoch_at", 7)])),
        json!([{"player": "p_1", "at": 7, "kind": "revoked", "ep": 1}]),
    );
    let hidden = Some(item("profile", &[("hidden", AttributeValue::Bool(true))]));
    check(plain(), hidden, json!([{"player": "p_1", "at": 9_000, "kind": "circle"}]));
    // Counts of what somebody has are nobody's business.
    check(plain(), Some(item("profile", &[("blocks", n(1))])), json!([]));
    check(plain(), None, json!([{"player": "p_1", "at": 9_000, "kind": "erased"}]));
}

#[test]
fn a_ban_comes_first_and_is_ordered_by_its_decision() {
    let banned = || Some(item("profile", &[("v", n(4)), time("status_at", 60), time("banned_until", 500)]));
    check(
        Some(item("profile", &[])),
        banned(),
        json!([
            {"player": "p_1", "at": 60, "kind": "banned", "until": 500},
            {"player": "p_1", "at": 60, "kind": "profile", "version": 4},
        ]),
    );
    let lifted = Some(item("profile", &[("v", n(4)), time("status_at", 61)]));
    check(banned(), lifted, json!([{"player": "p_1", "at": 61, "kind": "unbanned"}]));
}

#[test]
fn a_login_that_is_ended() {
    let open = || Some(item("session", &[]));
    let ended = || Some(item("session", &[time("revoked", 70)]));
    check(None, open(), json!([]));
    check(open(), open(), json!([]));
    let expected = json!([{"player": "p_1", "at": 70, "kind": "session_ended", "sid": "s_1"}]);
    check(open(), ended(), expected);
    check(ended(), ended(), json!([]));
    check(open(), None, json!([]));
}

#[test]
fn ties_that_change_a_circle() {
    let circle = || json!([{"player": "p_1", "at": 9_000, "kind": "circle"}]);
    let block = || Some(item("block", &[]));
    check(None, block(), circle());
    check(block(), None, circle());
    check(block(), block(), json!([]));
    check(None, mutual(false), json!([]));
    check(None, mutual(true), circle());
    check(mutual(false), mutual(true), circle());
    check(mutual(true), mutual(false), circle());
    check(mutual(true), None, circle());
    check(mutual(false), None, json!([]));
}

#[test]
fn what_concerns_the_region_alone() {
    for kind in ["ban", "match", "report", "something new"] {
        check(None, Some(item(kind, &[])), json!([]));
        check(Some(item(kind, &[])), None, json!([]));
    }
    check(None, None, json!([]));
}

#[test]
fn sessions_of_a_past_epoch_are_forgotten() {
    let risen = || Some(item("profile", &[("auth_epoch", n(2))]));
    let all = |old, new| chores(&change(old, new)).unwrap();
    let player: PlayerId = "p_1".parse().unwrap();
    let forget = Chore::Forget { player, below: 2 };
    assert_eq!(all(Some(item("profile", &[])), risen()), [forget]);
    assert_eq!(all(risen(), risen()), []);
    assert_eq!(all(None, risen()), []);
    assert_eq!(all(risen(), None), []);
}

#[test]
fn an_item_that_is_not_ours_is_an_error() {
    let mut broken = item("profile", &[]);
    broken.remove("v");
    assert!(notices(&change(Some(item("profile", &[])), Some(broken))).is_err());
}
