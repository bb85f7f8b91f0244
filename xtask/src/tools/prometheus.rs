//! Unpacks Prometheus and promtool from Debian's package, without installing it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::on_path;
use crate::progress;
use crate::root::Root;

/// The oldest version whose rules and tests are those of the repository.
const VERSION_MIN: (u32, u32) = (2, 42);
/// The folder of the unpacked package.
const FOLDER: &str = "target/tools/prometheus";

/// The programs of the package.
#[derive(Debug, Clone)]
pub struct Programs {
    pub prometheus: PathBuf,
    pub promtool: PathBuf,
    /// The files of its pages, if the package is unpacked here.
    pub assets: Option<PathBuf>,
}

/// Returns the programs: those on the `PATH`, or those of Debian's package, which is unpacked if it is missing. None on a
/// machine without them and without apt-get.
pub fn ensure(root: &Root) -> Result<Option<Programs>> {
    if let (Some(prometheus), Some(promtool)) = (on_path("prometheus"), on_path("promtool"))
        && version(&promtool).is_ok_and(|version| version >= VERSION_MIN)
    {
        return Ok(Some(Programs { prometheus, promtool, assets: None }));
    }
    let folder = root.path(FOLDER);
    let unpacked = unpacked(&folder);
    if version(&unpacked.promtool).is_ok_and(|version| version >= VERSION_MIN) {
        return Ok(Some(unpacked));
    }
    let (Some(apt), Some(dpkg)) = (on_path("apt-get"), on_path("dpkg")) else { return Ok(None) };
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut download = Command::new(&apt);
    download.args(["download", "prometheus"]).current_dir(&folder);
    if progress::run("Downloading Prometheus", &mut download).is_err() {
        // The lists of packages may be old, or absent in a fresh image.
        progress::run("Updating the lists of packages", Command::new(&apt).args(["update", "-qq"]))?;
        progress::run("Downloading Prometheus", &mut download)?;
    }
    let package = package(&folder)?;
    let mut unpack = Command::new(dpkg);
    unpack.arg("-x").arg(&package).arg(&folder);
    progress::run("Unpacking Prometheus", &mut unpack)?;
    fs::remove_file(&package)?;
    let found = version(&unpacked.promtool)?;
    ensure!(
        found >= VERSION_MIN,
        "Prometheus {}.{} of this system is too old: {}.{} or newer is needed. Put it on the PATH.",
        found.0,
        found.1,
        VERSION_MIN.0,
        VERSION_MIN.1
    );
    Ok(Some(unpacked))
}

fn unpacked(folder: &Path) -> Programs {
    Programs {
        prometheus: folder.join("usr/bin/prometheus"),
        promtool: folder.join("usr/bin/promtool"),
        assets: Some(folder.join("usr/share/prometheus/web")),
    }
}

/// Returns the downloaded package.
fn package(folder: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut packages = files.filter(|file| file.extension().is_some_and(|end| end == "deb"));
    packages.next().context("apt-get downloaded no package of Prometheus")
}

/// Returns the version that promtool names: `promtool, version 2.42.0+ds (…)`.
fn version(promtool: &Path) -> Result<(u32, u32)> {
    let output = Command::new(promtool)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", promtool.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse(&text).with_context(|| format!("no version in {text:?}"))
}

fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_once("version ")?.1.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(parse("promtool, version 2.42.0+ds (branch: debian/sid)\n  build user: x"), Some((2, 42)));
        assert_eq!(parse("promtool, version 3.1.0"), Some((3, 1)));
        assert_eq!(parse("promtool"), None);
    }
}
