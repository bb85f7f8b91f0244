//! `cargo xtask lambda`: builds and zips the region's Lambda functions, where the template expects them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::progress;
use crate::root::Root;
use crate::tools::{on_path, python};

/// The binaries of `regional` that run as Lambda functions.
const FUNCTIONS: &[&str] = &["lambda", "stream", "pictures", "webhooks"];
/// The glibc version of `provided.al2023`. A binary that needs a newer one does not start there.
const GLIBC: &str = "2.34";

/// Builds the functions of the region into `target/lambda/<function>/bootstrap.zip`, for `sam deploy`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Lambda {
    /// Their processor architecture: the template's parameter `Architecture`
    #[arg(long, value_enum, default_value_t = Machine::Arm64)]
    machine: Machine,
}

/// Architectures as AWS names them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Machine {
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Machine {
    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Builds the functions, zips them and prints their sizes.
pub fn run(root: &Root, lambda: Lambda) -> Result<()> {
    let _lock = root.lock()?;
    let zig = python::zig(root)?.context(
        "python3 with venv and pip is missing: Zig, which links for Lambda, is installed by it \
         (Debian: `apt-get install python3-venv`)",
    )?;
    let target = lambda.machine.target();
    let rustup = on_path("rustup").context("rustup is missing: install it (https://rustup.rs)")?;
    let mut add = Command::new(rustup);
    add.args(["target", "add", target]).current_dir(root.dir());
    progress::run(&format!("Adding {target}"), &mut add)?;

    let mut build = Command::new(zig.join("cargo-zigbuild"));
    build
        .args(["zigbuild", "--release", "--package", "regional"])
        .args(["--target", &format!("{target}.{GLIBC}")])
        .current_dir(root.dir())
        // Zig is found as a module of the first Python on the path.
        .env("PATH", path_with(&zig)?);
    for name in FUNCTIONS {
        build.args(["--bin", name]);
    }
    progress::run(&format!("Building the functions for {target}"), &mut build)?;

    for name in FUNCTIONS {
        let dir = root.path("target/lambda").join(name);
        fs::create_dir_all(&dir)?;
        let (bootstrap, zip) = (dir.join("bootstrap"), dir.join("bootstrap.zip"));
        let made = root.path("target").join(target).join("release").join(name);
        fs::copy(&made, &bootstrap).with_context(|| format!("cannot copy {}", made.display()))?;
        let mut pack = Command::new(zig.join("python"));
        pack.args(["-m", "zipfile", "-c"]).args([&zip, &bootstrap]).current_dir(root.dir());
        progress::run(&format!("Packing {name}"), &mut pack)?;
        println!(
            "{}: {} of {}, {target}",
            root.short(&zip),
            megabytes(fs::metadata(&zip)?.len()),
            megabytes(fs::metadata(&bootstrap)?.len()),
        );
    }
    Ok(())
}

fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = [first.to_owned()].into_iter().chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(all)?)
}

/// Formats a size in MiB with two decimals.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    format!("{:.2} MiB", f64::from(kib) / 1024.0)
}
