//! Verdicts and figures of a crowd.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

/// Failures that are shown; all are counted.
const SHOWN: usize = 10;

/// A client that was matched.
#[derive(Debug, Clone)]
pub(super) struct Matched {
    pub player: String,
    pub room: String,
    pub with: Vec<String>,
    /// True for the half that waits for the other.
    pub first: bool,
    pub entered: Instant,
    // The name of its event.
    #[allow(clippy::struct_field_names)]
    pub matched: Instant,
    /// Time without a socket.
    pub away: Option<Duration>,
}

/// Verdicts and figures.
#[derive(Debug)]
pub struct Outcome {
    verdicts: Vec<(bool, String)>,
    failures: Vec<String>,
    figures: Vec<String>,
}

impl Outcome {
    pub(super) fn of(began: Instant, dropping: usize, cpu: Duration, results: Vec<Result<Matched>>) -> Self {
        let people = results.len();
        let (mut all, mut troubles) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(one) => all.push(one),
                Err(trouble) => troubles.push(format!("{trouble:#}")),
            }
        }
        let came_back = all.iter().filter(|one| one.away.is_some()).count();
        let verdicts = vec![
            (all.len() == people, format!("every player was matched: {} of {people}", all.len())),
            (
                came_back == dropping,
                format!("every reconnected player had the same ticket and time: {came_back} of {dropping}"),
            ),
            alone_in_pairs(people, &all),
        ];
        Self { verdicts, failures: troubles, figures: figures(began, cpu, &all) }
    }

    /// Returns true if every promise was kept.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failures.is_empty() && self.verdicts.iter().all(|(kept, _)| *kept)
    }
}

/// Checks that each player is in one room, with one other player whose event names the first.
fn alone_in_pairs(people: usize, all: &[Matched]) -> (bool, String) {
    let by_player: BTreeMap<&str, &Matched> = all.iter().map(|one| (one.player.as_str(), one)).collect();
    let mut rooms: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in all {
        rooms.entry(&one.room).or_default().insert(&one.player);
    }
    let paired = all.iter().filter(|one| {
        let [other] = one.with.as_slice() else {
            return false;
        };
        let theirs = by_player.get(other.as_str());
        let both = BTreeSet::from([one.player.as_str(), other.as_str()]);
        theirs.is_some_and(|theirs| theirs.room == one.room && theirs.with == [one.player.clone()])
            && rooms.get(one.room.as_str()) == Some(&both)
    });
    let paired = paired.count();
    let words = format!(
        "each player is in one room with one other, and both events agree: {paired} of {people}, {} rooms",
        rooms.len()
    );
    (paired == people && rooms.len() * 2 == people, words)
}

fn figures(began: Instant, cpu: Duration, all: &[Matched]) -> Vec<String> {
    let of_half = |first: bool| {
        let half = all.iter().filter(|one| one.first == first);
        spread(half.map(|one| one.matched - one.entered).collect())
    };
    let after = |at: Option<Instant>| seconds(at.map_or(Duration::ZERO, |at| at - began));
    let away = all.iter().filter_map(|one| one.away).collect();
    let matches = u32::try_from(all.len() / 2).unwrap_or(u32::MAX).max(1);
    vec![
        format!("the last one entered    after {}", after(all.iter().map(|one| one.entered).max())),
        format!("the last one was matched after {}", after(all.iter().map(|one| one.matched).max())),
        format!("waits, second half      {}", of_half(false)),
        format!("waits, first half       {}", of_half(true)),
        format!("without a socket        {}", spread(away)),
        format!(
            "workerd                 {} of CPU, {:.2} ms a match, from the first socket to the last",
            seconds(cpu),
            (cpu / matches).as_secs_f64() * 1000.0
        ),
    ]
}

pub(super) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let nth = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        seconds(times.get(nth).copied().unwrap_or_default())
    };
    format!("p50 {}, p90 {}, p99 {}", at(50), at(90), at(99))
}

pub(super) fn seconds(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        format!("{:.0} ms", span.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", span.as_secs_f64())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for figure in &self.figures {
            writeln!(f, "{figure}")?;
        }
        for trouble in self.failures.iter().take(SHOWN) {
            writeln!(f, "trouble: {trouble}")?;
        }
        if self.failures.len() > SHOWN {
            writeln!(f, "… and {} more", self.failures.len() - SHOWN)?;
        }
        for (kept, words) in &self.verdicts {
            writeln!(f, "{} {words}", if *kept { "kept  " } else { "BROKEN" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(player: &str, room: &str, with: &str) -> Matched {
        let now = Instant::now();
        Matched {
            player: player.into(),
            room: room.into(),
            with: vec![with.into()],
            first: false,
            entered: now,
            matched: now,
            away: None,
        }
    }

    #[test]
    fn both_players_of_a_pair_name_each_other() {
        let fine = [one("a", "1", "b"), one("b", "1", "a")];
        assert!(alone_in_pairs(fine.len(), &fine).0);
        assert!(!alone_in_pairs(4, &fine).0, "two are missing");
        let one_sided = [one("a", "1", "b"), one("b", "1", "c")];
        assert!(!alone_in_pairs(one_sided.len(), &one_sided).0);
        let two_rooms = [one("a", "1", "b"), one("b", "2", "a")];
        assert!(!alone_in_pairs(two_rooms.len(), &two_rooms).0);
        let twice = [one("a", "1", "b"), one("b", "1", "a"), one("a", "2", "b")];
        assert!(!alone_in_pairs(twice.len(), &twice).0);
    }
}
