//! The verdicts, figures and usage of a run.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::person::Life;
use crate::cost::Measured;
use crate::load::outcome::{seconds, spread};
use crate::root::Root;

/// Failures that are shown; all are counted.
const SHOWN: usize = 10;
/// Delay of the generator beyond which it is the limit, and not the server.
const BEHIND_MAX: Duration = Duration::from_millis(50);

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    lives: Vec<Life>,
    pub measured: Measured,
}

impl Report {
    pub(super) fn of(lives: Vec<Life>, measured: Measured) -> Self {
        Self { lives, measured }
    }

    fn sum(&self, count: impl Fn(&Life) -> u64) -> u64 {
        self.lives.iter().map(count).sum()
    }

    fn all(&self, times: impl Fn(&Life) -> &[Duration]) -> Vec<Duration> {
        self.lives.iter().flat_map(|life| times(life).iter().copied()).collect()
    }

    /// Fails if a promise was broken.
    pub fn verdict(&self) -> Result<()> {
        let (lost, broken) = (self.sum(|life| life.lost), self.sum(|life| life.broken.len() as u64));
        let failed = self.lives.iter().filter(|life| life.failure.is_some()).count();
        ensure!(lost == 0, "{lost} messages were lost");
        ensure!(broken == 0, "{broken} messages came twice or in another order");
        ensure!(failed == 0, "{failed} of {} people could not go on", self.lives.len());
        ensure!(self.sum(|life| life.sent) > 0, "no person sent a message: --time or --talk is too short");
        Ok(())
    }

    /// Writes the measurement for `cargo xtask cost`, and returns the path.
    pub fn write(&self, root: &Root) -> Result<std::path::PathBuf> {
        let path = root.path(crate::cost::LAST);
        let dir = path.parent().context("the measurement has a directory")?;
        std::fs::create_dir_all(dir)?;
        std::fs::write(&path, serde_json::to_string_pretty(&self.measured)?)?;
        Ok(path)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, lost) = (self.sum(|life| life.sent), self.sum(|life| life.lost));
        writeln!(
            f,
            "people                  {}, {} lives in matches",
            self.lives.len(),
            self.sum(|l| l.matches)
        )?;
        writeln!(f, "messages                {sent} sent, {lost} lost")?;
        writeln!(f, "waits for a match       {}", spread(self.all(|life| &life.waits)))?;
        writeln!(f, "message to the other    {}", spread(self.all(|life| &life.latencies)))?;
        let resumes = self.all(|life| &life.resumes);
        let snapshots = self.sum(|life| life.snapshots);
        writeln!(f, "resumes                 {}, {snapshots} not exact, {}", resumes.len(), spread(resumes))?;
        let behind = self.lives.iter().map(|life| life.behind).max().unwrap_or_default();
        let limit = if behind > BEHIND_MAX { ": the generator is the limit" } else { "" };
        writeln!(f, "generator behind        {} at most{limit}", seconds(behind))?;
        let failures = self.lives.iter().filter_map(|life| life.failure.as_ref());
        let broken = self.lives.iter().flat_map(|life| &life.broken);
        for trouble in failures.chain(broken).take(SHOWN) {
            writeln!(f, "trouble: {trouble}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::cost::Usage;

    fn report(life: Life) -> Report {
        let usage = Usage::default();
        Report::of(vec![life], Measured { people: 2, seconds: 1.0, messages: 1.0, rooms: 1.0, usage })
    }

    #[test]
    fn broken_promises_fail_the_run() {
        let fine = || Life { sent: 1, ..Life::default() };
        assert!(report(fine()).verdict().is_ok());
        assert!(report(Life::default()).verdict().is_err());
        assert!(report(Life { lost: 1, ..fine() }).verdict().is_err());
        assert!(report(Life { broken: vec![String::new()], ..fine() }).verdict().is_err());
        assert!(report(Life { failure: Some(String::new()), ..fine() }).verdict().is_err());
    }
}
