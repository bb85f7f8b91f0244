//! `cargo xtask ops`: generates rules, their tests, dashboards and alarms from the data in ops, and tests the rules.

pub mod cases;
pub mod cost;
pub mod grafana;
pub mod prometheus;
pub mod promtool;
pub mod query;
pub mod region;
pub mod rules;
pub mod samples;
pub mod series;
pub mod slo;
pub mod span;
mod yaml;

use anyhow::{Result, bail};
use clap::Args;

use crate::cost::Prices;
use crate::generated;
use crate::root::Root;
use region::Region;
use slo::Slo;
use span::Pace;

/// The command that writes the files.
const COMMAND: &str = "cargo xtask ops";

/// Generates the rules of Prometheus with their tests, the dashboards, and the alarms of template.yaml from the data in ops.
#[derive(Debug, Clone, Copy, Args)]
pub struct Ops {
    /// Write nothing; fail if a file is out of date.
    #[arg(long)]
    check: bool,
    /// Write nothing; check and test the committed rules with promtool.
    #[arg(long)]
    test: bool,
}

/// Writes, checks or tests the files.
pub fn run(root: &Root, options: Ops) -> Result<()> {
    if options.check {
        check(root)?;
    }
    if options.test {
        let Some(promtool) = promtool::Promtool::installed(root)? else {
            bail!("{}", promtool::MISSING);
        };
        println!("{}", promtool.test(root)?);
    }
    if !options.check && !options.test {
        files(root)?.iter().try_for_each(|(file, text)| generated::write(root, file, text))?;
    }
    Ok(())
}

/// Fails if a file differs from the data.
pub fn check(root: &Root) -> Result<()> {
    files(root)?.iter().try_for_each(|(file, text)| generated::check(root, file, text, COMMAND))
}

/// Returns all generated files with their texts.
pub fn files(root: &Root) -> Result<Vec<(&'static str, String)>> {
    let (slo, prices) = (Slo::read(root)?, Prices::of_any_age(root)?);
    let mut files = vec![(rules::FILE, rules::document(&slo, &prices, Pace::REAL)?)];
    files.extend(cases::documents(&slo, &prices, &cases::Case::ALL)?);
    files.push((prometheus::FILE, prometheus::document(&slo)?));
    let region = Region::read(root)?;
    files.push((region::TEMPLATE, region::document(root, &region)?));
    files.extend(grafana::documents(&slo, &prices, &region)?);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replaces a piece of a file of the repository, and expects that its reader refuses it with these words.
    #[track_caller]
    pub(super) fn refused<T>(file: &str, read: fn(&str) -> Result<T>, piece: &str, by: &str, words: &[&str]) {
        let text = std::fs::read_to_string(Root::here().path(file)).unwrap_or_default();
        assert!(text.contains(piece), "{piece}");
        let error = read(&text.replacen(piece, by, 1)).map_or_else(|e| format!("{e:#}"), |_| String::new());
        for word in words {
            assert!(error.contains(word), "{word:?} in {error:?}");
        }
    }
}
