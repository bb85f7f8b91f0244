//! Checks and tests rules with promtool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use super::{cases, rules};
use crate::root::Root;
use crate::tools::prometheus;

/// The sentence for machines without promtool.
pub const MISSING: &str = "promtool is missing, so the rules of Prometheus are not tested: it comes with Debian's package \
    `prometheus`, which needs apt-get and dpkg to unpack; or put promtool of Prometheus 2.42 or newer on the PATH";

/// The program promtool.
#[derive(Debug, Clone)]
pub struct Promtool(PathBuf);

impl Promtool {
    /// Returns it, or none on a machine without it and without apt-get.
    pub fn installed(root: &Root) -> Result<Option<Self>> {
        Ok(prometheus::ensure(root)?.map(|programs| Self(programs.promtool)))
    }

    /// Checks and tests the committed rules, and returns its report.
    pub fn test(&self, root: &Root) -> Result<String> {
        let rules = root.path(rules::FILE);
        let folder = rules.parent().context("the rules have no folder")?;
        let checked = self.check_rules(&rules)?;
        let files: Vec<PathBuf> = cases::FILES.iter().map(|file| root.path(file)).collect();
        let tested = self.run("test", &files, folder)?;
        if !tested.status.success() {
            bail!("the tests of the rules fail:\n{}", text(&tested));
        }
        Ok(format!("{checked}\n{}", text(&tested)))
    }

    /// Checks the rules of a file.
    pub fn check_rules(&self, rules: &Path) -> Result<String> {
        let folder = rules.parent().context("the rules have no folder")?;
        let checked = self.run("check", &[rules.to_owned()], folder)?;
        if !checked.status.success() {
            bail!("the rules are not valid:\n{}", text(&checked));
        }
        Ok(text(&checked))
    }

    /// Tests other rules with the tests of the repository, in an empty folder, and returns the output of the failed tests.
    pub fn failures(&self, folder: &Path, rules: &str, tests: &[(&str, String)]) -> Result<String> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("rules.yml"), rules)?;
        let mut files = Vec::new();
        for (name, text) in tests {
            let file = folder.join(Path::new(name).file_name().context("a test has no name")?);
            fs::write(&file, text)?;
            files.push(file);
        }
        let tested = self.run("test", &files, folder)?;
        Ok(if tested.status.success() { String::new() } else { text(&tested) })
    }

    fn run(&self, verb: &str, files: &[PathBuf], folder: &Path) -> Result<Output> {
        let mut command = Command::new(&self.0);
        command.args([verb, "rules"]).args(files).current_dir(folder);
        command.output().with_context(|| format!("cannot run {}", self.0.display()))
    }
}

fn text(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    both.join("\n").trim().to_owned()
}
