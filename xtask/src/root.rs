//! The checkout, and where everything in it lies.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A checkout of this repository.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// The checkout this program was built from.
    #[must_use]
    pub fn here() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self(xtask.parent().unwrap_or(xtask).to_owned())
    }

    /// The checkout at `dir`.
    pub fn at(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(dir).with_context(|| format!("no checkout at {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// A path in the checkout, by its name from the root.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The built Worker: `index.js` and `index_bg.wasm`.
    #[must_use]
    pub fn edge(&self) -> PathBuf {
        self.path("target/edge")
    }

    /// The built pages, as the Worker serves them.
    #[must_use]
    pub fn pages(&self) -> PathBuf {
        self.path("target/pages")
    }

    /// The path of `file` as a person at the root would type it.
    #[must_use]
    pub fn short(&self, file: &Path) -> String {
        file.strip_prefix(&self.0).unwrap_or(file).display().to_string()
    }

    /// Waits until no other process installs or builds here. The lock goes with the value, or with the process.
    pub fn lock(&self) -> Result<File> {
        let dir = self.path("target/xtask");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let file = File::create(dir.join("lock"))?;
        file.lock().context("cannot lock target/xtask/lock")?;
        Ok(file)
    }
}
