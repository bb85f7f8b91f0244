//! A hash of a build's sources, stored beside its results, that shows whether a build is up to date.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use shared::hex::hex;
use walkdir::WalkDir;

use crate::root::Root;

/// The hash of a build's sources and the file that keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStamp {
    file: PathBuf,
    hash: String,
}

impl BuildStamp {
    /// Returns the stamp of the build `name`, from these files and directories (those that exist) and these
    /// versions.
    pub fn of(root: &Root, name: &str, sources: &[&str], versions: &[&str]) -> Result<Self> {
        let mut hash = Sha256::new();
        for version in versions {
            hash.update(version.as_bytes());
            hash.update([0]);
        }
        for source in sources {
            add(root, &root.path(source), &mut hash)?;
        }
        Ok(Self { file: root.path(&format!("target/xtask/{name}.stamp")), hash: hex(&hash.finalize()) })
    }

    /// Returns true if the last recorded build had the same sources. The caller checks that its results still
    /// exist.
    #[must_use]
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.hash)
    }

    /// Records that the build of these sources is done.
    pub fn record(&self) -> Result<()> {
        if let Some(dir) = self.file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&self.file, &self.hash).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn add(root: &Root, source: &Path, hash: &mut Sha256) -> Result<()> {
    if !source.exists() {
        return Ok(());
    }
    for entry in WalkDir::new(source).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            let content = fs::read(entry.path())?;
            // Name and length first, so that two trees never hash alike because a boundary moved.
            hash.update(root.short(entry.path()).as_bytes());
            hash.update(content.len().to_le_bytes());
            hash.update(content);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_a_new_file_and_a_new_version_each_break_the_stamp() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("matchpoint-stamp-{}", std::process::id()));
        fs::create_dir_all(dir.join("src"))?;
        let root = Root::at(&dir)?;
        let stamp = |version: &str| BuildStamp::of(&root, "x", &["src", "absent"], &[version]);
        fs::write(dir.join("src/a"), "1")?;
        assert!(!stamp("1")?.is_current());
        stamp("1")?.record()?;
        assert!(stamp("1")?.is_current());
        assert!(!stamp("2")?.is_current());
        fs::write(dir.join("src/a"), "2")?;
        assert!(!stamp("1")?.is_current());
        stamp("1")?.record()?;
        fs::write(dir.join("src/b"), "")?;
        assert!(!stamp("1")?.is_current());
        Ok(fs::remove_dir_all(dir)?)
    }
}
