//! The results of the checks, as text and as JSON.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rule is kept.
    Pass,
    /// The rule is broken: the observation, with the frames that broke it.
    Fail(String),
    /// The check was skipped, for this reason.
    Skipped(String),
}

impl Verdict {
    /// Returns true if the rule is kept.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        *self == Self::Pass
    }

    /// Returns true if the rule is broken.
    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }
}

/// A check and its result.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// For example `W-017`.
    pub number: &'static str,
    pub rule: &'static str,
    pub verdict: Verdict,
    pub took: Duration,
}

/// The results of all checks.
#[derive(Debug, Clone)]
pub struct Report {
    /// Sorted by number.
    pub outcomes: Vec<Outcome>,
    pub took: Duration,
}

impl Report {
    /// Returns true if no rule is broken.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.count(&Verdict::is_fail) == 0
    }

    /// Returns the number of results that `so` accepts.
    pub fn count(&self, so: &impl Fn(&Verdict) -> bool) -> usize {
        self.outcomes.iter().filter(|one| so(&one.verdict)).count()
    }

    /// Returns the results as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let (verdict, why) = match &outcome.verdict {
                    Verdict::Pass => ("pass", None),
                    Verdict::Fail(why) => ("fail", Some(why)),
                    Verdict::Skipped(why) => ("passed_over", Some(why)),
                };
                let ms = shared::time::ms(outcome.took);
                json!({
                    "number": outcome.number, "says": outcome.rule, "verdict": verdict, "why": why, "ms": ms,
                })
            })
            .collect();
        json!({
            "pass": self.count(&Verdict::is_pass),
            "fail": self.count(&Verdict::is_fail),
            "ms": shared::time::ms(self.took),
            "checks": checks,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Outcome { number, rule, verdict, took } in &self.outcomes {
            let ms = took.as_millis();
            match verdict {
                Verdict::Pass => writeln!(f, "pass  {number}  {rule}  ({ms} ms)")?,
                Verdict::Fail(why) => {
                    let why = why.replace('\n', "\n        ");
                    writeln!(f, "FAIL  {number}  {rule}  ({ms} ms)\n        {why}")?;
                }
                Verdict::Skipped(why) => writeln!(f, "  –   {number}  {rule}: {why}")?,
            }
        }
        let (all, fail) = (self.outcomes.len(), self.count(&Verdict::is_fail));
        let pass = self.count(&Verdict::is_pass);
        let took = self.took.as_secs_f32();
        writeln!(f, "{all} checks: {pass} pass, {fail} fail, {took:.1} s")
    }
}
