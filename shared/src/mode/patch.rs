//! Merge patches between two views, by [RFC 7396](https://www.rfc-editor.org/rfc/rfc7396).

use super::members::{Member, members};
use crate::json::Json;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt::Display;

/// Returns the patch that turns `before` into `after`, which contains no null; none if they are equal.
///
/// An object is compared key by key, anything else is replaced as a whole: a view with maps has small patches, and one
/// with long arrays has large ones. Both texts are read only as far as they differ.
#[must_use]
pub fn difference(before: &Json, after: &Json) -> Option<Json> {
    let patch = text_difference(before.as_str(), after.as_str())?;
    RawValue::from_string(patch).ok().map(Json::from)
}

fn text_difference(before: &str, after: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let (Some(before), Some(after)) = (members(before), members(after)) else {
        return Some(after.to_owned());
    };
    let mut patch = Object::default();
    let mut next = 0;
    for (key, value) in &after {
        match find(&before, key, next) {
            None => patch.add(key, value),
            Some((at, before)) => {
                next = at + 1;
                if let Some(change) = text_difference(before, value) {
                    patch.add(key, &change);
                }
            }
        }
    }
    let mut next = 0;
    for (key, _) in &before {
        match find(&after, key, next) {
            None => patch.add(key, "null"),
            Some((at, _)) => next = at + 1,
        }
    }
    patch.end()
}

/// Returns the place and the value of a key. It is usually the member at `next`, because views keep the order of their keys.
fn find<'a>(members: &[Member<'a>], key: &str, next: usize) -> Option<(usize, &'a str)> {
    let mut places = (next..members.len()).chain(0..next.min(members.len()));
    places.find_map(|at| members.get(at).filter(|(other, _)| *other == key).map(|(_, value)| (at, *value)))
}

/// An object that is written member by member.
#[derive(Default)]
struct Object(String);

impl Object {
    /// Adds a member by its key with quotes, and its value.
    fn add(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(key);
        self.0.push(':');
        self.0.push_str(value);
    }

    /// Returns the text; none of an object without members.
    fn end(mut self) -> Option<String> {
        self.0.push('}');
        self.0.starts_with('{').then_some(self.0)
    }
}

/// Applies a patch to a target, as a client does.
pub fn apply(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, patch) in patch {
        if patch.is_null() {
            target.remove(&key);
        } else {
            apply(target.entry(key).or_insert(Value::Null), patch);
        }
    }
}

/// Returns the path to the first null in a view, such as `/board/d1`; none if there is no null.
///
/// A merge patch cannot set a value to null, because null removes a key. A view leaves absent values out.
#[must_use]
pub fn null_in(view: &Json) -> Option<String> {
    // Most views have no such word, not even in a text.
    if view.as_str().contains("null") { null_in_value(&view.value()) } else { None }
}

fn null_in_value(view: &Value) -> Option<String> {
    let inside = |key: &dyn Display, value| null_in_value(value).map(|path| format!("/{key}{path}"));
    match view {
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| inside(&at, item)),
        Value::Object(map) => map.iter().find_map(|(key, value)| inside(key, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::{Chance, Seed};
    use serde_json::json;

    /// The test cases of RFC 7396, appendix A: target, patch, result.
    const CASES: [(&str, &str, &str); 15] = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];

    #[test]
    fn cases_of_the_rfc_hold() {
        for (target, patch, result) in CASES {
            let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
            let mut patched = read(target);
            apply(&mut patched, read(patch));
            assert_eq!(patched, read(result), "{target} with {patch}");
        }
    }

    /// Returns a random tree without null, of few keys and values, so that two trees often share parts.
    fn tree(chance: &mut Chance, depth: usize) -> Value {
        match chance.below(if depth == 0 { 3 } else { 6 }) {
            0 => json!(chance.below(2)),
            1 => json!(chance.below(2) == 0),
            2 => json!(["", "x"][chance.below(2)]),
            3 => (0..chance.below(3)).map(|_| tree(chance, depth - 1)).collect(),
            _ => {
                let keys = ["a", "b", "c"].into_iter().filter(|_| chance.below(3) > 0).collect::<Vec<_>>();
                let map: Map<_, _> =
                    keys.into_iter().map(|key| (key.to_owned(), tree(chance, depth - 1))).collect();
                Value::Object(map)
            }
        }
    }

    #[test]
    fn difference_turns_any_tree_into_any_other() {
        let mut chance = Chance::new(Seed::new(7396));
        let mut equal = 0;
        for _ in 0..20_000 {
            let (before, after) = (tree(&mut chance, 3), tree(&mut chance, 3));
            let mut patched = before.clone();
            let patch = difference(&Json::from(&before), &Json::from(&after)).map(|patch| patch.value());
            assert_eq!(patch.is_none(), before == after, "{before} {after}");
            equal += u32::from(patch.is_none());
            if let Some(patch) = patch {
                apply(&mut patched, patch.clone());
                assert_eq!(patched, after, "{before} with {patch}");
            }
        }
        assert!(equal > 100, "only {equal} equal pairs");
    }

    #[test]
    fn difference_contains_only_changed_keys() {
        let before = json!({"board": {"a1": 0, "b1": 1}, "turn": 0, "offer": 1});
        let after = json!({"board": {"a1": 0, "b1": 1, "b2": 0}, "turn": 1});
        let patch = difference(&Json::from(&before), &Json::from(&after)).map(|patch| patch.value());
        assert_eq!(patch, Some(json!({"board": {"b2": 0}, "turn": 1, "offer": null})));
    }

    #[test]
    fn texts_of_equal_values_have_no_difference() {
        let text = |text: &str| Json::from(RawValue::from_string(text.to_owned()).unwrap());
        assert_eq!(difference(&text(r#"{"a":{"b":1,"c":2}}"#), &text(r#"{"a":{"c":2,"b":1}}"#)), None);
        let patch = difference(&text(r#"{"a":1}"#), &text(r#"{"a":1,"a\"b\n":{"c":[]}}"#));
        assert_eq!(patch, Some(text(r#"{"a\"b\n":{"c":[]}}"#)));
    }

    #[test]
    fn null_is_found_wherever_it_stands() {
        let path = |view: Value| null_in(&Json::from(&view));
        assert_eq!(path(json!({"a": [1, {"b": null}]})), Some("/a/1/b".into()));
        assert_eq!(path(json!(null)), Some(String::new()));
        assert_eq!(path(json!({"a": [1, {"b": "null"}]})), None);
    }
}
