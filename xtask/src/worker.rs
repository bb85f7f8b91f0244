//! Builds the Worker, the WebAssembly of `edge`, and checks its size.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::build_stamp::BuildStamp;
use crate::manifest::Manifest;
use crate::progress;
use crate::root::Root;
use crate::tools::node::{self, Node};
use crate::tools::rust::{self, WorkerTools};

/// Limit for the gzipped Worker, bytes: a little above its size, so that growth is noticed. Every cold isolate loads the
/// whole module; `cargo xtask bench size` tells what takes it.
pub const MOST: usize = 880 * 1024;

const SOURCES: &[&str] = &[
    "edge/src",
    "edge/Cargo.toml",
    "shared/src",
    "shared/Cargo.toml",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
];

/// The workspace's release profile is for the region; the Worker needs size optimization in every library, and in the
/// standard library, which is built with it: its sorts and number formats have small forms.
///
/// Names stay until `wasm-opt`, which orders the functions by them; the `wasm-opt` of `tools` then drops them.
pub(crate) const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "panic-unwind,optimize_for_size"),
];

/// Sizes of the WebAssembly module, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Size of the file.
    pub raw: usize,
    /// Size of the upload.
    pub gzipped: usize,
}

impl Size {
    /// Reads the module in `file`.
    pub fn of(file: &Path) -> Result<Self> {
        let wasm = fs::read(file).with_context(|| format!("no Worker at {}", file.display()))?;
        Ok(Self { raw: wasm.len(), gzipped: gzipped(&wasm, Compression::default())? })
    }

    /// Fails if the Worker is larger than the limit.
    pub fn check(self) -> Result<()> {
        if self.gzipped < MOST {
            return Ok(());
        }
        bail!("the Worker is too large: {self}, and {} KiB gzipped is the limit", MOST / 1024)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} KiB, {} KiB gzipped", self.raw.div_ceil(1024), self.gzipped.div_ceil(1024))
    }
}

/// Returns the gzipped size of bytes.
pub(crate) fn gzipped(bytes: &[u8], level: Compression) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), level);
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?.len())
}

/// Builds the Worker into `target/edge` if a source changed. Fails on an invalid pool: builds, `cargo dev` and the
/// build step of a deployment all come here.
pub fn build(root: &Root) -> Result<Size> {
    Manifest::pools(root)?;
    let wasm = root.edge().join("index_bg.wasm");
    let mut versions = vec![rust::NIGHTLY, rust::WORKER_BUILD];
    versions.extend(PROFILE.iter().flat_map(|(name, value)| [*name, *value]));
    let stamp = BuildStamp::of(root, "worker", SOURCES, &versions)?;
    if !(stamp.is_current() && wasm.is_file() && root.edge().join("index.js").is_file()) {
        let node = node::ensure(root)?;
        let tools = rust::ensure(root, &node)?;
        let mut build = build_command(&tools, &node, Path::new("../target/edge"));
        build.current_dir(root.path("edge"));
        progress::run("Building the Worker", &mut build)?;
        stamp.record()?;
    }
    Size::of(&wasm)
}

/// Returns the command that builds the WebAssembly Worker of a crate into `out`; its directory must be set.
pub(crate) fn build_command(tools: &WorkerTools, node: &Node, out: &Path) -> Command {
    let mut build = Command::new(&tools.worker_build);
    build
        .args(["--release", "--panic-unwind", "--out-dir"])
        .arg(out)
        .env("PATH", &tools.path)
        .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
        .env("WASM_OPT_BIN", &tools.wasm_opt)
        .env("ESBUILD_BIN", &node.esbuild)
        .envs(PROFILE.iter().copied())
        // Set by the cargo that runs this program; the Worker has another toolchain.
        .env_remove("RUSTUP_TOOLCHAIN");
    build
}
