//! Installs the tools of builds and local runs: Node, the pinned npm tools, the pinned nightly, the Worker's
//! builder.
//!
//! Versions live in one place each: `package.json`, `Cargo.lock` (wasm-bindgen) and the constants in
//! [`rust`].

pub mod node;
pub mod python;
pub mod runtimes;
pub mod rust;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::root::Root;

/// Installs the missing tools of a build, a local run and the tests.
pub fn ensure(root: &Root) -> Result<()> {
    let node = node::ensure(root)?;
    rust::ensure(root, &node)?;
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

/// Writes a small executable shell script.
fn script(file: &Path, body: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let text = format!("#!/bin/sh\n{body}");
    if fs::read_to_string(file).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(file, text)
        .and_then(|()| fs::set_permissions(file, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", file.display()))
}
