//! Builds the Worker, the WebAssembly of `edge`, and checks its size.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::build_stamp::BuildStamp;
use crate::manifest::Manifest;
use crate::root::Root;
use crate::tools::{node, rust};
use crate::wasm::{self, Package};

/// Limit for the gzipped Worker, bytes: a little above its size, so that growth is noticed. Every cold isolate loads the
/// whole module; `cargo xtask bench size` tells what takes it.
pub const MOST: usize = 990 * 1024;

const SOURCES: &[&str] = &[
    "edge/src",
    "edge/Cargo.toml",
    "shared/src",
    "shared/Cargo.toml",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
];

/// Functions of the same generic code lie side by side, where gzip finds what they have in common.
const SHRINK: &[&str] = &["-Oz", "--reorder-functions-by-name"];

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
    let mut versions = vec![rust::NIGHTLY, wasm::SHIM];
    versions.extend(wasm::PROFILE.iter().flat_map(|(name, value)| [*name, *value]));
    versions.extend(SHRINK);
    let stamp = BuildStamp::of(root, "worker", SOURCES, &versions)?;
    if !(stamp.is_current() && wasm.is_file() && root.edge().join("index.js").is_file()) {
        let node = node::ensure(root)?;
        wasm::package(root, &node, "Building the Worker", &package(root, root.edge(), SHRINK))?;
        stamp.record()?;
    }
    Size::of(&wasm)
}

/// Builds the Worker with the names of its functions into `out`, and returns its module.
pub(crate) fn build_named(root: &Root, out: &Path) -> Result<PathBuf> {
    let shrink: Vec<&str> = SHRINK.iter().copied().chain(["--debuginfo"]).collect();
    let named = package(root, out.to_owned(), &shrink);
    wasm::package(root, &node::ensure(root)?, "Building the Worker with names", &named)?;
    Ok(out.join("index_bg.wasm"))
}

fn package<'a>(root: &Root, out: PathBuf, shrink: &'a [&'a str]) -> Package<'a> {
    Package { name: "edge", dir: root.path("edge"), target: root.path("target"), out, shrink }
}
