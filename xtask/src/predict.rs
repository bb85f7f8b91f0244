//! Builds the WebAssembly module that predicts moves in browsers.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;
use crate::tools::node::{self, Node};
use crate::tools::rust;

const SOURCES: &[&str] =
    &["edge/predict", "shared/src", "shared/Cargo.toml", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];
/// Size optimization in every library; a panic ends the module, which the caller then loads again.
const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];
const TARGET_DIR: &str = "target/predict";

/// Builds the module if a source changed, and returns its path.
pub fn build(root: &Root) -> Result<PathBuf> {
    let wasm = root.path("target/predict/predict.wasm");
    let mut versions = vec![rust::NIGHTLY];
    versions.extend(PROFILE.iter().flat_map(|(name, value)| [*name, *value]));
    let stamp = BuildStamp::of(root, "predict", SOURCES, &versions)?;
    if stamp.is_current() && wasm.is_file() {
        return Ok(wasm);
    }
    let node = node::ensure(root)?;
    let mut build = rust::nightly_cargo()?;
    build
        .args(["build", "--package", "predict", "--release", "--target", "wasm32-unknown-unknown"])
        .args(["--target-dir", TARGET_DIR])
        .current_dir(root.dir())
        .envs(PROFILE.iter().copied());
    progress::cargo("Building the predictions", &mut build)?;
    optimize(root, &node, &wasm)?;
    stamp.record()?;
    Ok(wasm)
}

fn optimize(root: &Root, node: &Node, to: &Path) -> Result<()> {
    let built = root.path(TARGET_DIR).join("wasm32-unknown-unknown/release/predict.wasm");
    let mut optimize = node.wasm_opt();
    optimize.args(["-Oz", "--all-features"]).arg(built).arg("-o").arg(to);
    progress::run("Optimizing the predictions", &mut optimize).map(drop)
}
