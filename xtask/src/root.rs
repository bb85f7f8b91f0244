//! The checkout of the repository: its files, its build directories and its lock.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A checkout of this repository.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// Returns the checkout that this program was built from.
    #[must_use]
    pub fn here() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self(xtask.parent().unwrap_or(xtask).to_owned())
    }

    /// Returns the checkout at `dir`.
    pub fn at(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(dir).with_context(|| format!("no checkout at {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// The checkout's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// Returns a path in the checkout, by its name from the root.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Directory of the built Worker: `index.js` and `index_bg.wasm`.
    #[must_use]
    pub fn edge(&self) -> PathBuf {
        self.path("target/edge")
    }

    /// Directory of the built pages, as the Worker serves them.
    #[must_use]
    pub fn pages(&self) -> PathBuf {
        self.path("target/pages")
    }

    /// Returns the path of `file` from the root of the checkout.
    #[must_use]
    pub fn short(&self, file: &Path) -> String {
        file.strip_prefix(&self.0).unwrap_or(file).display().to_string()
    }

    /// Returns the names, from the root, of all files that git tracks or would track, sorted. Some may be
    /// deleted.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&self.0);
        let output = git.output().context("cannot run git")?;
        if !output.status.success() {
            bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
        let names = names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned);
        let names: BTreeSet<String> = names.collect();
        Ok(names.into_iter().collect())
    }

    /// Waits until no other process installs or builds here. The lock is released with the value or the
    /// process.
    pub fn lock(&self) -> Result<File> {
        let dir = self.path("target/xtask");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let file = File::create(dir.join("lock"))?;
        file.lock().context("cannot lock target/xtask/lock")?;
        Ok(file)
    }
}
