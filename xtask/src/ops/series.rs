//! A selector of series, such as `matchpoint_reads_total{how="hit"}`, and the sample series that a test of it needs.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::Error as _;

/// The beginning of every name: the series of this project.
const PREFIX: &str = "matchpoint_";
/// The value of a label in samples that no matcher names.
const OTHER: &str = "other";

/// Selects the series of a name whose labels match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub name: String,
    matchers: Vec<Matcher>,
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Matcher {
    label: String,
    sign: Sign,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Is,
    IsNot,
    Matches,
    MatchesNot,
}

/// The labels of one sample series.
pub type Labels = Vec<(String, String)>;

impl Sign {
    /// All signs, the longer ones first.
    const ALL: [Self; 4] = [Self::Matches, Self::MatchesNot, Self::IsNot, Self::Is];

    const fn text(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

impl Series {
    /// Returns the series of a name, whatever their labels.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), matchers: Vec::new() }
    }

    /// Returns the selector of a part of a histogram: `_bucket` or `_count`.
    #[must_use]
    pub fn part(&self, suffix: &str) -> Self {
        Self { name: format!("{}{suffix}", self.name), matchers: self.matchers.clone() }
    }

    /// Returns the selector with one more condition: the label matches an expression, or does not.
    #[must_use]
    pub fn matching(mut self, label: &str, is: bool, value: &str) -> Self {
        let sign = if is { Sign::Matches } else { Sign::MatchesNot };
        self.matchers.push(Matcher { label: label.to_owned(), sign, value: value.to_owned() });
        self
    }

    /// Returns the labels of a series that it selects.
    #[must_use]
    pub fn sample(&self) -> Labels {
        let of = |matcher: &Matcher| {
            let value = match matcher.sign {
                Sign::Is => matcher.value.clone(),
                // The first of the alternatives; `5..` becomes 500.
                Sign::Matches => matcher.value.split('|').next().unwrap_or_default().replace('.', "0"),
                Sign::IsNot | Sign::MatchesNot => OTHER.to_owned(),
            };
            (matcher.label.clone(), value)
        };
        self.matchers.iter().map(of).collect()
    }

    /// Returns the labels of a series that it selects and `part` does not.
    #[must_use]
    pub fn sample_without(&self, part: &Self) -> Labels {
        let mut labels = self.sample();
        for (label, _) in part.sample() {
            if !labels.iter().any(|(known, _)| *known == label) {
                labels.push((label, OTHER.to_owned()));
            }
        }
        labels
    }
}

/// Writes a name with labels, as a test of rules has them.
#[must_use]
pub fn labelled(name: &str, labels: &Labels) -> String {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.matchers.is_empty() {
            return Ok(());
        }
        let text =
            |matcher: &Matcher| format!("{}{}\"{}\"", matcher.label, matcher.sign.text(), matcher.value);
        write!(f, "{{{}}}", self.matchers.iter().map(text).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Series {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, mut rest) = text.split_once('{').unwrap_or((text, "}"));
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        ensure!(
            name.starts_with(PREFIX) && is_name,
            "{text:?} is no selector of a series: write {PREFIX}NAME or {PREFIX}NAME{{label=\"value\"}}"
        );
        let mut matchers = Vec::new();
        while rest != "}" {
            let (matcher, after) = matcher(rest)
                .with_context(|| format!("{text:?} has a wrong condition: write label=\"value\""))?;
            matchers.push(matcher);
            rest = after.strip_prefix(',').unwrap_or(after);
            if rest.is_empty() {
                bail!("{text:?} has no }} at its end");
            }
        }
        Ok(Self { name: name.to_owned(), matchers })
    }
}

/// Reads the first condition, and returns it with the rest.
fn matcher(text: &str) -> Option<(Matcher, &str)> {
    let (left, rest) = text.split_once('"')?;
    let (value, rest) = rest.split_once('"')?;
    let sign = Sign::ALL.into_iter().find(|sign| left.ends_with(sign.text()))?;
    let label = left.strip_suffix(sign.text())?;
    let is_label = !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_label.then(|| (Matcher { label: label.to_owned(), sign, value: value.to_owned() }, rest))
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_written_as_they_are_read() -> Result<()> {
        for text in ["matchpoint_rooms", "matchpoint_a{b=\"c\"}", "matchpoint_a{r!~\"/x|/{y}\",s=~\"5..\"}"] {
            assert_eq!(text.parse::<Series>()?.to_string(), text);
        }
        for wrong in ["rooms", "matchpoint_a{", "matchpoint_a{b}", "matchpoint_a{b=\"c\"", "matchpoint_a b"] {
            assert!(wrong.parse::<Series>().is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn samples_match_their_selector() -> Result<()> {
        let part: Series = "matchpoint_a{r!~\"/x\",s=~\"5..|4..\"}".parse()?;
        assert_eq!(labelled("a", &part.sample()), "a{r=\"other\",s=\"500\"}");
        let whole: Series = "matchpoint_a{r!~\"/x\"}".parse()?;
        assert_eq!(labelled("a", &whole.sample_without(&part)), "a{r=\"other\",s=\"other\"}");
        Ok(())
    }
}
