//! Installs the tools of builds and local runs: Node, the pinned npm tools, the pinned nightly.
//!
//! Versions live in one place each: `package.json`, `Cargo.lock` (wasm-bindgen is a library) and the constant in
//! [`rust`].

pub mod chromium;
pub mod node;
pub mod prometheus;
pub mod python;
pub mod runtimes;
pub mod rust;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::root::Root;

/// Installs the missing tools of a build, a local run and the tests.
pub fn ensure(root: &Root) -> Result<()> {
    node::ensure(root)?;
    rust::nightly_cargo()?;
    Ok(())
}

/// Returns the path of the program `name` on the `PATH` of this process.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    env::var_os("PATH").and_then(|path| find(name, &path))
}

fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|dir| dir.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
