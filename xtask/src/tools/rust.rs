//! Installs the pinned nightly, which builds the Worker.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::on_path;
use crate::progress;

/// The Worker's toolchain. Unwinding in WebAssembly needs a nightly, so that a panic fails one request and
/// not every object of the isolate. The date is pinned so that every build is the same.
pub const NIGHTLY: &str = "nightly-2026-05-20";

/// Returns a cargo of the pinned nightly, which is installed if it is missing.
pub fn nightly_cargo() -> Result<Command> {
    let rustup = on_path("rustup").context(
        "rustup is missing: the Worker is built by a pinned nightly that rustup installs beside your toolchain. \
         Install it (https://rustup.rs) and run this again.",
    )?;
    ensure(&rustup)?;
    let mut cargo = Command::new(rustup);
    // Set by the cargo that runs this program; the Worker has another toolchain.
    cargo.args(["run", NIGHTLY, "cargo"]).env_remove("RUSTUP_TOOLCHAIN");
    Ok(cargo)
}

fn ensure(rustup: &Path) -> Result<()> {
    let list = |what: &str| -> Result<String> {
        let output =
            Command::new(rustup).args([what, "list", "--installed", "--toolchain", NIGHTLY]).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if list("component")?.contains("rust-src") && list("target")?.contains("wasm32-unknown-unknown") {
        return Ok(());
    }
    let mut install = Command::new(rustup);
    install.args(["toolchain", "install", NIGHTLY, "--profile", "minimal", "--no-self-update"]);
    install.args(["-c", "rust-src", "-t", "wasm32-unknown-unknown"]);
    progress::run(&format!("Installing the toolchain {NIGHTLY}"), &mut install)?;
    Ok(())
}
