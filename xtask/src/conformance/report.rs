//! What the checks found, for people and for machines.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rule is kept.
    Pass,
    /// It is not: what was seen, with the frames that broke it.
    Fail(String),
    /// It could not be looked at.
    PassedOver(String),
}

impl Verdict {
    /// Whether the rule was seen to be kept.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        *self == Self::Pass
    }

    /// Whether the rule was seen to be broken.
    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }
}

/// One check and how it ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// `W-017`.
    pub number: &'static str,
    /// The rule.
    pub says: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Report {
    /// By number.
    pub outcomes: Vec<Outcome>,
    /// How long everything took.
    pub took: Duration,
}

impl Report {
    /// Whether no rule was seen to be broken.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.count(&Verdict::is_fail) == 0
    }

    /// How many ended so.
    pub fn count(&self, so: &impl Fn(&Verdict) -> bool) -> usize {
        self.outcomes.iter().filter(|one| so(&one.verdict)).count()
    }

    /// The same for a machine.
    #[must_use]
    pub fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let (verdict, why) = match &outcome.verdict {
                    Verdict::Pass => ("pass", None),
                    Verdict::Fail(why) => ("fail", Some(why)),
                    Verdict::PassedOver(why) => ("passed_over", Some(why)),
                };
                let ms = shared::time::ms(outcome.took);
                json!({
                    "number": outcome.number, "says": outcome.says, "verdict": verdict, "why": why, "ms": ms,
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
        for Outcome { number, says, verdict, took } in &self.outcomes {
            let ms = took.as_millis();
            match verdict {
                Verdict::Pass => writeln!(f, "pass  {number}  {says}  ({ms} ms)")?,
                Verdict::Fail(why) => {
                    let why = why.replace('\n', "\n        ");
                    writeln!(f, "FAIL  {number}  {says}  ({ms} ms)\n        {why}")?;
                }
                Verdict::PassedOver(why) => writeln!(f, "  –   {number}  {says}: {why}")?,
            }
        }
        let (all, fail) = (self.outcomes.len(), self.count(&Verdict::is_fail));
        let pass = self.count(&Verdict::is_pass);
        let took = self.took.as_secs_f32();
        writeln!(f, "{all} checks: {pass} pass, {fail} fail, {took:.1} s")
    }
}
