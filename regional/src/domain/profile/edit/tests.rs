//! Tests that a patch changes what it names and nothing else.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use super::*;
use serde_json::json;
use shared::time::Time;

fn profile() -> Profile {
    let mut profile = Profile::new("p_1".parse().unwrap(), "Ana".into(), Time::from_ms(0));
    profile.bio = "chess".into();
    profile.attrs = object(json!({"lang": "en", "elo": 1700}));
    profile.private = object(json!({"mail": {"news": true, "offers": false}}));
    profile.pictures = vec!["i_a".parse().unwrap(), "i_b".parse().unwrap()];
    profile
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn check(patch: Value, expected: impl FnOnce(&mut Profile)) {
    let mut next = profile();
    expected(&mut next);
    assert_eq!(apply_patch(&profile(), &object(patch.clone())), Ok(next), "{patch}");
}

fn refused(patch: Value, expected: &[&str]) {
    let refusal = apply_patch(&profile(), &object(patch.clone())).unwrap_err();
    let fields = refusal.errors.iter().filter_map(|one| one.field.as_deref());
    assert_eq!(fields.collect::<Vec<_>>(), expected, "{patch}");
    assert_eq!(refusal.field.as_deref(), expected.first().copied());
}

#[test]
fn patch_changes_only_the_named_fields() {
    check(json!({}), |_| ());
    check(json!({"name": " Zoë "}), |p| p.name = "Zoë".into());
    check(json!({"bio": null}), |p| p.bio = String::new());
    check(json!({"bio": "a\nb"}), |p| p.bio = "a\nb".into());
    check(json!({"attrs": {"lang": null, "likes": ["go", "tango"]}}), |p| {
        p.attrs = object(json!({"elo": 1700, "likes": ["go", "tango"]}));
    });
    check(json!({"attrs": null}), |p| p.attrs = Map::new());
    check(json!({"private": {"mail": {"news": null}, "seen": [1, {}]}}), |p| {
        p.private = object(json!({"mail": {"offers": false}, "seen": [1, {}]}));
    });
    check(json!({"pictures": ["i_b", "i_a"]}), |p| {
        p.pictures.reverse();
    });
}

#[test]
fn every_error_is_named() {
    refused(
        json!({"name": "", "bio": 7, "attrs": {"Lang": "en", "tier": "gold", "x": {"y": 1}}, "rating": 9000}),
        &["attrs.Lang", "attrs.tier", "attrs.x", "bio", "name", "rating"],
    );
    for name in
        [json!(null), json!("  "), json!("a\u{0}"), json!("a\u{202e}b"), json!(7), json!("é".repeat(41))]
    {
        refused(json!({ "name": name }), &["name"]);
    }
    refused(json!({"bio": "é".repeat(501)}), &["bio"]);
    refused(json!({"attrs": []}), &["attrs"]);
    refused(json!({"attrs": {"x": "é".repeat(33)}}), &["attrs.x"]);
    refused(json!({"attrs": {"x": ["a", "a"]}}), &["attrs.x"]);
    refused(json!({"attrs": {"x": ["a", 1]}}), &["attrs.x"]);
    let many: Map<String, Value> = (0..11).map(|n| (format!("a{n}"), json!(n))).collect();
    refused(json!({ "attrs": many }), &["attrs"]);
    refused(json!({"private": "x"}), &["private"]);
    refused(json!({"private": {"x": "y".repeat(4096)}}), &["private"]);
    let deep = (0..33).fold(json!(1), |inner, _| json!({ "x": inner }));
    refused(json!({ "private": deep }), &["private"]);
    for order in [json!(["i_a"]), json!(["i_a", "i_a"]), json!(["i_a", "i_c"]), json!("i_a"), json!(null)] {
        refused(json!({ "pictures": order }), &["pictures"]);
    }
}

#[test]
fn values_at_the_limits_are_allowed() {
    check(json!({"name": "é".repeat(40)}), |p| {
        p.name = "é".repeat(40);
    });
    check(json!({"bio": "é".repeat(500)}), |p| {
        p.bio = "é".repeat(500);
    });
    let many: Map<String, Value> = (0..10).map(|n| (format!("a{n}"), json!(n))).collect();
    check(json!({ "attrs": many.clone() }), |p| p.attrs.extend(many));
}

#[test]
fn tier_must_be_a_word() {
    assert_eq!(check_tier("gold-2"), Ok("gold-2".into()));
    for bad in ["", "Gold", "a b", &"x".repeat(65)] {
        assert!(check_tier(bad).is_err(), "{bad}");
    }
}
