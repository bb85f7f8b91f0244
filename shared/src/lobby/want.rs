//! What somebody wants of the others, and how it gives way.

use crate::caps;
use crate::protocol::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// One wish about the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// Which attribute of the other.
    pub attr: String,
    /// It equals this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    /// It equals one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<Vec<Value>>,
    /// It is a number from the first of these to the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<[f64; 2]>,
    /// It is a list that has something in common with one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<bool>,
    /// It is a number at most this far from one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<f64>,
    /// How it gives way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relax: Option<Relax>,
}

/// How a want gives way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relax {
    /// After so long.
    pub after_s: u32,
    /// To this distance; none, it falls away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
}

impl Want {
    /// Whether it holds of this pair of values, at this distance at most.
    #[must_use]
    pub fn holds(&self, mine: Option<&Value>, theirs: Option<&Value>, within: Option<f64>) -> bool {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64);
        let is = self.is.as_ref().is_none_or(|is| theirs == Some(is));
        let any_of =
            self.any_of.as_ref().is_none_or(|any_of| theirs.is_some_and(|theirs| any_of.contains(theirs)));
        let between =
            self.between.is_none_or(|[low, high]| number(theirs).is_some_and(|it| low <= it && it <= high));
        let near = within.is_none_or(|within| {
            number(mine).zip(number(theirs)).is_some_and(|(a, b)| (a - b).abs() <= within)
        });
        let shares = self.shares.is_none() || meet(mine, theirs);
        is && any_of && between && near && shares
    }

    /// After how long it lets this pair of values be; none, never.
    #[must_use]
    pub fn lets_after(&self, mine: Option<&Value>, theirs: Option<&Value>) -> Option<Duration> {
        if self.holds(mine, theirs, self.within) {
            return Some(Duration::ZERO);
        }
        let relax = self.relax.as_ref()?;
        let enough = match relax.to {
            None => true,
            Some(to) => self.holds(mine, theirs, Some(to)),
        };
        enough.then(|| Duration::from_secs(relax.after_s.into()))
    }

    /// What is wrong with it: the field, and what it is to be.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let distance = |it: f64| it.is_finite() && it >= 0.0;
        let says = self.is.is_some()
            || self.any_of.is_some()
            || self.between.is_some()
            || self.shares.is_some()
            || self.within.is_some();
        let to = self.relax.as_ref().and_then(|relax| relax.to);
        let rules = [
            (!self.attr.is_empty() && self.attr.len() <= caps::KEY_BYTES, (".attr", "1 to 64 bytes")),
            (says, ("", "a want says `is`, `any_of`, `between`, `within` or `shares`")),
            (self.is.as_ref().is_none_or(scalar), (".is", "a string, a number or a boolean")),
            (
                self.any_of.as_ref().is_none_or(|any_of| {
                    !any_of.is_empty() && any_of.len() <= caps::ATTRS && any_of.iter().all(scalar)
                }),
                (".any_of", "1 to 16 strings, numbers or booleans"),
            ),
            (
                self.between.is_none_or(|[low, high]| low.is_finite() && high.is_finite() && low <= high),
                (".between", "two numbers, the lower one first"),
            ),
            (self.within.is_none_or(distance), (".within", "a number, 0 or more")),
            (self.shares != Some(false), (".shares", "true; leave it out where it does not matter")),
            (
                to.is_none_or(|to| self.within.is_some_and(|within| distance(to) && to >= within)),
                (".relax.to", "a distance that is not below `within`"),
            ),
        ];
        rules.into_iter().find_map(|(fine, fault)| (!fine).then_some(fault))
    }
}

/// Whether two lists have something in common.
fn meet(mine: Option<&Value>, theirs: Option<&Value>) -> bool {
    let mine = mine.and_then(Value::as_array);
    let theirs = theirs.and_then(Value::as_array);
    mine.zip(theirs).is_some_and(|(mine, theirs)| mine.iter().any(|it| theirs.contains(it)))
}

/// What is wrong with the first of these that is wrong: its place under `at`, and what it is to be.
#[must_use]
pub fn fault(at: &str, wants: &[Want]) -> Option<(String, String)> {
    if wants.len() > caps::WANTS {
        return Some((at.to_owned(), format!("at most {} wants", caps::WANTS)));
    }
    let mut faults = wants.iter().enumerate();
    faults.find_map(|(nth, want)| {
        let (field, words) = want.fault()?;
        Some((format!("{at}[{nth}]{field}"), words.to_owned()))
    })
}

/// Reads the wants of `enter`. A fault names the want and its field.
pub fn read(wants: Option<&Value>) -> Result<Vec<Want>, Fault> {
    let list = match wants {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= caps::WANTS => list,
        Some(_) => {
            let words = format!("a list of at most {} wants", caps::WANTS);
            return Err(Fault::field("body.wants", words));
        }
    };
    let read = |(nth, want): (usize, &Value)| {
        let at = format!("body.wants[{nth}]");
        let want = Want::deserialize(want)
            .map_err(|error| Fault::field(&at, format!("{{attr, is …, relax}}: {error}")))?;
        match want.fault() {
            None => Ok(want),
            Some((field, words)) => Err(Fault::field(&format!("{at}{field}"), words)),
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
        assert_eq!(fault.field.as_deref(), Some(field), "{want}");
    }

    const NONE: Value = Value::Null;

    #[test]
    fn each_want_holds_where_it_says() {
        check(&json!({ "is": "en" }), &NONE, &json!("en"), true);
        check(&json!({ "is": "en" }), &NONE, &NONE, false);
        check(&json!({ "any_of": ["en", 3] }), &NONE, &json!(3), true);
        check(&json!({ "any_of": ["en", 3] }), &NONE, &json!("fr"), false);
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
    fn a_fault_names_the_want_and_its_field() {
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
        assert_eq!(fault.field.as_deref(), Some("body.wants"));
    }
}
