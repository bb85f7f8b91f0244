//! Wants: requirements of a player or a pool on the other players of a match, and their relaxation over time.

use crate::limits;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::time::Duration;

/// A requirement on the other player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// The name of the attribute of the other player.
    pub attr: String,
    /// The attribute equals this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub is: Option<Value>,
    /// The attribute equals one of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub any_of: Option<Vec<Value>>,
    /// The attribute is a number from the first to the second of these, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub between: Option<[f64; 2]>,
    /// The attribute is a list that shares an item with the player's own list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub shares: Option<bool>,
    /// The attribute is a number at most this far from the player's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub within: Option<f64>,
    /// The relaxation; without it the want never relaxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub relax: Option<Relax>,
}

/// The relaxation of a want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Relax {
    /// The wait after which the want relaxes, seconds.
    pub after_s: u32,
    /// The new distance of `within`; without it the want is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub to: Option<f64>,
}

impl Want {
    /// Returns true if the want holds for this pair of values, with this distance in place of `within`.
    #[must_use]
    pub fn holds(&self, mine: Option<&Value>, theirs: Option<&Value>, within: Option<f64>) -> bool {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64);
        let equals = |value: &Value| theirs.is_some_and(|theirs| is_same(theirs, value));
        let is = self.is.as_ref().is_none_or(equals);
        let any_of = self.any_of.as_ref().is_none_or(|any_of| any_of.iter().any(equals));
        let between =
            self.between.is_none_or(|[low, high]| number(theirs).is_some_and(|it| low <= it && it <= high));
        let near = within.is_none_or(|within| {
            number(mine).zip(number(theirs)).is_some_and(|(a, b)| (a - b).abs() <= within)
        });
        let shares = self.shares.is_none() || share_item(mine, theirs);
        is && any_of && between && near && shares
    }

    /// Returns the wait after which the want accepts this pair of values; `None` for never.
    #[must_use]
    pub fn accepts_after(&self, mine: Option<&Value>, theirs: Option<&Value>) -> Option<Duration> {
        if self.holds(mine, theirs, self.within) {
            return Some(Duration::ZERO);
        }
        let relax = self.relax.as_ref()?;
        let accepts = match relax.to {
            None => true,
            Some(to) => self.holds(mine, theirs, Some(to)),
        };
        accepts.then(|| Duration::from_secs(relax.after_s.into()))
    }

    /// Returns the invalid field and its allowed values, if the want is invalid.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let distance = |it: f64| it.is_finite() && it >= 0.0;
        let has_condition = self.is.is_some()
            || self.any_of.is_some()
            || self.between.is_some()
            || self.shares.is_some()
            || self.within.is_some();
        let to = self.relax.as_ref().and_then(|relax| relax.to);
        let rules = [
            (
                !self.attr.is_empty() && self.attr.len() <= limits::KEY_BYTES_MAX,
                (".attr", "must be 1 to 64 bytes"),
            ),
            (
                has_condition,
                ("", "must have one or more of `is`, `any_of`, `between`, `within` and `shares`"),
            ),
            (self.is.as_ref().is_none_or(scalar), (".is", "must be a string, a number or a boolean")),
            (
                self.any_of.as_ref().is_none_or(|any_of| {
                    !any_of.is_empty() && any_of.len() <= limits::ATTRS_MAX && any_of.iter().all(scalar)
                }),
                (".any_of", "must be 1 to 16 strings, numbers or booleans"),
            ),
            (
                self.between.is_none_or(|[low, high]| low.is_finite() && high.is_finite() && low <= high),
                (".between", "must be two numbers, the lower one first"),
            ),
            (self.within.is_none_or(distance), (".within", "must be a number, 0 or more")),
            (self.shares != Some(false), (".shares", "must be true; omit the field if it does not matter")),
            (
                to.is_none_or(|to| self.within.is_some_and(|within| distance(to) && to >= within)),
                (".relax.to", "must be a distance of at least `within`"),
            ),
        ];
        rules.into_iter().find_map(|(valid, fault)| (!valid).then_some(fault))
    }
}

/// Returns true if two values are the same. Numbers are compared as numbers: 3 is 3.0, and -0 is 0.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => canonical(a) == canonical(b),
        (a, b) => a == b,
    }
}

/// Returns a number in the one form that equal numbers share: an integer where it is one.
pub(crate) fn canonical(number: &Number) -> Value {
    // Integers from here on are not all exact in the other form.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation)]
        Some(float)
            if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < EXACT =>
        {
            Value::from(float as i64)
        }
        _ => Value::Number(number.clone()),
    }
}

/// Returns true if two lists share an item.
fn share_item(mine: Option<&Value>, theirs: Option<&Value>) -> bool {
    let mine = mine.and_then(Value::as_array);
    let theirs = theirs.and_then(Value::as_array);
    mine.zip(theirs).is_some_and(|(mine, theirs)| mine.iter().any(|it| theirs.contains(it)))
}

/// Returns the path under `at` and the allowed values of the first invalid want.
#[must_use]
pub fn fault(at: &str, wants: &[Want]) -> Option<(String, String)> {
    if wants.len() > limits::WANTS_MAX {
        return Some((at.to_owned(), format!("must have at most {} wants", limits::WANTS_MAX)));
    }
    let mut faults = wants.iter().enumerate();
    faults.find_map(|(nth, want)| {
        let (field, text) = want.fault()?;
        Some((format!("{at}[{nth}]{field}"), text.to_owned()))
    })
}

/// An invalid want of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field, from `body.wants`.
    pub field: String,
    pub message: String,
}

/// Reads the wants of `enter`.
///
/// # Errors
/// The invalid want with its field, and the rule that it breaks.
pub fn read(wants: Option<&Value>) -> Result<Vec<Want>, Invalid> {
    let list = match wants {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= limits::WANTS_MAX => list,
        Some(_) => {
            let text = format!("must be a list of at most {} wants", limits::WANTS_MAX);
            return Err(Invalid { field: "body.wants".to_owned(), message: text });
        }
    };
    let read = |(nth, want): (usize, &Value)| {
        let at = format!("body.wants[{nth}]");
        let want = Want::deserialize(want)
            .map_err(|error| format!("must be {{attr, is …, relax}}: {error}"))
            .map_err(|message| Invalid { field: at.clone(), message })?;
        match want.fault() {
            None => Ok(want),
            Some((field, text)) => Err(Invalid { field: format!("{at}{field}"), message: text.to_owned() }),
        }
    };
    list.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(want: &Value, mine: &Value, theirs: &Value, expected: bool) {
        let mut want = want.clone();
        want["attr"] = "it".into();
        let wants = read(Some(&json!([want]))).unwrap();
        let within = wants[0].within;
        let known = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
        let (mine, theirs) = (known(mine), known(theirs));
        let holds = wants[0].holds(mine.as_ref(), theirs.as_ref(), within);
        assert_eq!(holds, expected, "{want} of {theirs:?}");
    }

    fn refused(want: &Value, field: &str) {
        let fault = read(Some(&json!([{ "attr": "a", "is": 1 }, want]))).unwrap_err();
        assert_eq!(fault.field, field, "{want}");
    }

    const NONE: Value = Value::Null;

    #[test]
    fn every_condition_is_checked() {
        check(&json!({ "is": "en" }), &NONE, &json!("en"), true);
        check(&json!({ "is": "en" }), &NONE, &NONE, false);
        check(&json!({ "any_of": ["en", 3] }), &NONE, &json!(3), true);
        check(&json!({ "any_of": ["en", 3] }), &NONE, &json!("fr"), false);
        for (wanted, theirs) in [("3", "3.0"), ("3.0", "3"), ("0", "-0.0"), ("-0", "0"), ("3e0", "3")] {
            let [wanted, theirs]: [Value; 2] =
                [wanted, theirs].map(|text| serde_json::from_str(text).unwrap());
            check(&json!({ "is": wanted }), &NONE, &theirs, true);
            check(&json!({ "any_of": [wanted, "x"] }), &NONE, &theirs, true);
        }
        check(&json!({ "is": 3 }), &NONE, &json!(3.5), false);
        check(&json!({ "is": 3 }), &NONE, &json!("3"), false);
        check(&json!({ "is": 9_007_199_254_740_993_u64 }), &NONE, &json!(9_007_199_254_740_992_u64), false);
        check(&json!({ "between": [20, 30] }), &NONE, &json!(20), true);
        check(&json!({ "between": [20, 30] }), &NONE, &json!(30.5), false);
        check(&json!({ "between": [20, 30] }), &NONE, &json!("25"), false);
        check(&json!({ "within": 5 }), &json!(20), &json!(25), true);
        check(&json!({ "within": 5 }), &NONE, &json!(25), false);
        let likes = json!({ "shares": true });
        check(&likes, &json!(["a", "b"]), &json!(["b"]), true);
        check(&likes, &json!(["a"]), &json!(["b"]), false);
        check(&likes, &json!("a"), &json!(["a"]), false);
        let both = json!({ "is": 25, "between": [30, 40] });
        check(&both, &NONE, &json!(25), false);
    }

    #[test]
    fn refusal_names_the_want_and_its_field() {
        refused(&json!({ "attr": "a" }), "body.wants[1]");
        refused(&json!({ "attr": "a", "like": 1 }), "body.wants[1]");
        refused(&json!({ "attr": "", "is": 1 }), "body.wants[1].attr");
        refused(&json!({ "attr": "a", "is": [] }), "body.wants[1].is");
        refused(&json!({ "attr": "a", "any_of": [] }), "body.wants[1].any_of");
        refused(&json!({ "attr": "a", "between": [2, 1] }), "body.wants[1].between");
        refused(&json!({ "attr": "a", "within": -1 }), "body.wants[1].within");
        refused(&json!({ "attr": "a", "shares": false }), "body.wants[1].shares");
        let less = json!({ "attr": "a", "within": 9, "relax": { "after_s": 1, "to": 3 } });
        refused(&less, "body.wants[1].relax.to");
        let fault = read(Some(&json!("en"))).unwrap_err();
        assert_eq!(fault.field, "body.wants");
    }
}
