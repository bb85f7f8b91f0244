//! Does a patch change what it names, and nothing else?
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use super::*;
use serde_json::json;
use shared::time::Time;

fn held() -> Profile {
    let mut held = Profile::new("p_1".parse().unwrap(), "Ana".into(), Time::from_ms(0));
    held.bio = "chess".into();
    held.attrs = object(json!({"lang": "en", "elo": 1700}));
    held.private = object(json!({"mail": {"news": true, "offers": false}}));
    held.pictures = vec!["i_a".parse().unwrap(), "i_b".parse().unwrap()];
    held
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn check(patch: Value, expected: impl FnOnce(&mut Profile)) {
    let mut next = held();
    expected(&mut next);
    assert_eq!(edit(&held(), &object(patch.clone())), Ok(next), "{patch}");
}

fn refused(patch: Value, expected: &[&str]) {
    let refusal = edit(&held(), &object(patch.clone())).unwrap_err();
    let fields = refusal.all.iter().filter_map(|one| one.field.as_deref());
    assert_eq!(fields.collect::<Vec<_>>(), expected, "{patch}");
    assert_eq!(refusal.field.as_deref(), expected.first().copied());
}

#[test]
fn a_patch_changes_what_it_names() {
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
fn every_fault_is_named() {
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
fn the_bounds_themselves_are_allowed() {
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
fn a_tier_is_a_word() {
    assert_eq!(tier("gold-2"), Ok("gold-2".into()));
    for bad in ["", "Gold", "a b", &"x".repeat(65)] {
        assert!(tier(bad).is_err(), "{bad}");
    }
}
