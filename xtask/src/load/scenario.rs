//! Scenarios: files in xtask/load that say who comes, when, and what they do.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::requests::Kind;
use crate::root::Root;

/// The directory of the scenarios.
const DIR: &str = "xtask/load";
/// The shortest talk of a scaled scenario, and the shortest pause after it: shorter ones measure openings alone.
const TALK_MIN_S: f64 = 8.0;
const PAUSE_MIN_S: f64 = 1.0;
/// The most messages that a person may send in a second: rooms allow 20.
const RATE_MAX: f64 = 5.0;
/// The most cuts of a person in a minute.
const CUTS_MAX: f64 = 60.0;
/// The fewest people who send the requests of a scaled scenario.
const SENDERS_MIN: f64 = 4.0;

/// A scenario. It has people or requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The purpose of the scenario, in one sentence.
    pub about: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<People>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
}

/// People who are matched, talk, leave, and begin again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// People who are online, over time.
    pub curve: Curve,
    /// Pool of the queue, for matches of two players.
    pub pool: String,
    /// Seconds for which a pair talks.
    pub talk_s: f64,
    /// Seconds from the end of a talk until its player enters the queue again.
    pub pause_s: f64,
    /// Messages that a person sends in a second of a talk.
    pub rate: f64,
    /// Hints for each message.
    pub hints: f64,
    /// Times that a person's connection is cut in a minute of a talk.
    pub cuts: f64,
    /// Profiles that a person reads before each entry into the queue.
    pub profiles: u32,
}

/// Requests at a rate that does not depend on the answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Requests a second, over time.
    pub curve: Curve,
    /// People who send them; they sign in before the measurement.
    pub people: u32,
    /// The share of each kind of request.
    pub mix: BTreeMap<Kind, u32>,
}

impl Scenario {
    /// Reads the scenario of this name. An error lists the names that exist.
    pub fn read(root: &Root, name: &str) -> Result<Self> {
        let names = Self::names(root)?;
        if !names.iter().any(|known| known == name) {
            bail!("there is no scenario {name:?}. The scenarios of {DIR} are: {}", names.join(", "));
        }
        let text = fs::read_to_string(root.path(&format!("{DIR}/{name}.toml")))?;
        Self::parse(&text).with_context(|| format!("{DIR}/{name}.toml is not a scenario"))
    }

    /// Returns the names of all scenarios.
    pub fn names(root: &Root) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for file in fs::read_dir(root.path(DIR)).with_context(|| format!("{DIR} cannot be read"))? {
            let name = file?.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".toml").map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Reads a scenario.
    pub fn parse(text: &str) -> Result<Self> {
        let scenario: Self = toml::from_str(text)?;
        match (&scenario.people, &scenario.requests) {
            (Some(people), None) => people.check().context("[people]")?,
            (None, Some(requests)) => requests.check().context("[requests]")?,
            _ => bail!("a scenario has either [people] or [requests]"),
        }
        Ok(scenario)
    }

    /// Returns the scenario with this part of its people or requests, in this part of its time.
    #[must_use]
    pub fn scaled(&self, scale: f64, time: f64) -> Self {
        let mut scenario = self.clone();
        if let Some(people) = &mut scenario.people {
            people.curve = people.curve.scaled(scale, time);
            people.talk_s = shorter(people.talk_s, time, TALK_MIN_S);
            people.pause_s = shorter(people.pause_s, time, PAUSE_MIN_S);
        }
        if let Some(requests) = &mut scenario.requests {
            requests.curve = requests.curve.scaled(scale, time);
            let senders = (f64::from(requests.people) * scale).max(SENDERS_MIN);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
            let senders = senders.min(f64::from(u32::MAX)).ceil() as u32;
            requests.people = senders.min(requests.people);
        }
        scenario
    }

    /// Returns the people who should be online, or the requests a second, at a time.
    #[must_use]
    pub(super) fn target(&self, at: Duration) -> f64 {
        let people = self.people.iter().map(|people| people.curve.level(at));
        people.chain(self.requests.iter().map(|requests| requests.curve.level(at))).sum()
    }

    /// Returns the time of the schedule.
    #[must_use]
    pub fn time(&self) -> Duration {
        let curves = self.people.iter().map(|people| &people.curve);
        let curves = curves.chain(self.requests.iter().map(|requests| &requests.curve));
        curves.map(Curve::end).max().unwrap_or_default()
    }
}

/// Shortens a span with the schedule, but not below `least`, and never makes it longer.
fn shorter(span: f64, time: f64, least: f64) -> f64 {
    (span * time).max(least).min(span)
}

impl People {
    fn check(&self) -> Result<()> {
        self.curve.check("people")?;
        ensure!(self.talk_s > 0.0 && self.pause_s >= 0.0, "talk_s must be more than 0, pause_s 0 or more");
        ensure!(
            self.rate > 0.0 && self.rate <= RATE_MAX,
            "rate = {} must be more than 0 and at most {RATE_MAX} messages a second",
            self.rate
        );
        ensure!(
            (0.0..=1.0).contains(&self.hints),
            "hints = {} must be from 0 to 1 for each message",
            self.hints
        );
        ensure!(
            (0.0..=CUTS_MAX).contains(&self.cuts),
            "cuts = {} must be from 0 to {CUTS_MAX} a minute",
            self.cuts
        );
        Ok(())
    }
}

impl Requests {
    fn check(&self) -> Result<()> {
        self.curve.check("requests a second")?;
        ensure!(self.mix.values().any(|share| *share > 0), "mix: give a kind of request a share");
        let is_alone = self.mix.iter().all(|(kind, share)| *kind == Kind::SignIn || *share == 0);
        ensure!(self.people > 0 || is_alone, "people must be 1 or more: they send the requests");
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PEOPLE: &str = "about = \"x\"\n[people]\ncurve = [[0, 0], [60, 1000]]\npool = \"speed-dating\"\n\
        talk_s = 60\npause_s = 5\nrate = 0.4\nhints = 0.1\ncuts = 0.02\nprofiles = 5\n";

    fn fault(text: &str) -> String {
        format!("{:#}", Scenario::parse(text).unwrap_err())
    }

    #[test]
    fn every_scenario_of_the_repository_is_read() {
        let root = Root::here();
        let names = Scenario::names(&root).unwrap();
        for name in ["baseline", "ramp", "sustained", "spike", "crowd", "http-500", "registration"] {
            assert!(names.iter().any(|known| known == name), "{name} is missing in {names:?}");
        }
        for name in names {
            Scenario::read(&root, &name).unwrap();
        }
    }

    #[test]
    fn faults_name_the_field_and_what_is_allowed() {
        assert!(Scenario::parse(PEOPLE).is_ok());
        assert!(fault(&PEOPLE.replace("rate = 0.4", "rate = 9")).contains("at most 5 messages"));
        assert!(fault(&PEOPLE.replace("hints", "hits")).contains("unknown field `hits`"));
        assert!(fault("about = \"x\"\n").contains("either [people] or [requests]"));
        let mix =
            "about = \"x\"\n[requests]\ncurve = [[0, 5], [60, 5]]\npeople = 0\nmix = { own_profile = 1 }\n";
        assert!(fault(mix).contains("people must be 1 or more"));
        assert!(fault(&mix.replace("own_profile", "own_dog")).contains("own_dog"));
        let root = Root::here();
        assert!(format!("{:#}", Scenario::read(&root, "none").unwrap_err()).contains("baseline"));
    }

    #[test]
    fn scaled_scenario_has_less_of_everything() {
        let scenario = Scenario::parse(PEOPLE).unwrap().scaled(0.1, 0.5);
        assert_eq!(scenario.time(), Duration::from_secs(30));
        let people = scenario.people.unwrap();
        assert!((people.talk_s - 30.0).abs() < 1e-9 && (people.pause_s - 2.5).abs() < 1e-9);
        assert!((people.curve.level(Duration::from_secs(30)) - 100.0).abs() < 1e-9);
        let tiny = Scenario::parse(PEOPLE).unwrap().scaled(1.0, 0.001).people.unwrap();
        assert!((tiny.talk_s - TALK_MIN_S).abs() < 1e-9 && (tiny.rate - 0.4).abs() < 1e-9);
    }
}
