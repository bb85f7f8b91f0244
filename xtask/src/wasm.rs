//! Builds crates as WebAssembly: with the pinned nightly, bound to JavaScript by the library of wasm-bindgen, shrunk by
//! binaryen, and bundled for Workers.
//!
//! It does for this repository what `worker-build` does for any. That tool and the command line of wasm-bindgen would be
//! compiled before the first build, with their own clients for HTTP and TLS, which takes longer than the Worker itself.

mod shim;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::progress;
use crate::root::Root;
use crate::tools::node::Node;
use crate::tools::rust;

pub use shim::SHIM;

/// The workspace's release profile is for the region; a Worker needs size optimization in every library, and in the
/// standard library, which is built with it: its sorts and number formats have small forms.
///
/// Names stay until `wasm-opt`, which orders the functions by them.
pub const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "panic-unwind,optimize_for_size"),
];
/// The features that a module may use, stated one by one: workerd may not know the newest encodings of binaryen.
pub const FEATURES: &[&str] = &[
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];
const TARGET: &str = "wasm32-unknown-unknown";
/// The names of the glue and of the module in the folder of a Worker.
const GLUE: &str = "index.js";
const MODULE: &str = "index_bg.wasm";

/// A crate that becomes a Worker.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    /// Name of its library.
    pub name: &'a str,
    /// Folder of its `Cargo.toml`.
    pub dir: PathBuf,
    /// Build directory of cargo.
    pub target: PathBuf,
    /// Folder of the built `index.js` and `index_bg.wasm`.
    pub out: PathBuf,
    /// Options of `wasm-opt` beside [`FEATURES`].
    pub shrink: &'a [&'a str],
}

/// Builds a crate as a Worker. If the build fails, the previous one stays. `title` names it in progress and errors.
pub fn package(root: &Root, node: &Node, title: &str, package: &Package) -> Result<()> {
    let module = compile(title, package)?;
    let work = root.path("target/xtask/wasm").join(package.name);
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    bind(&module, &work, "index", |bindgen| {
        bindgen.module(true)?.reset_state_function(true).force_enable_abort_handler(true);
        Ok(())
    })?;
    let small = work.join("shrunk.wasm");
    let mut shrink = node.wasm_opt();
    shrink.args(package.shrink).args(FEATURES).arg(work.join(MODULE)).arg("-o").arg(&small);
    progress::run(&format!("{title}: shrinking"), &mut shrink)?;
    bundle(title, node, &work)?;
    fs::create_dir_all(&package.out)?;
    fs::rename(small, package.out.join(MODULE))?;
    fs::rename(work.join("bundle.js"), package.out.join(GLUE))?;
    Ok(fs::remove_dir_all(work)?)
}

/// Compiles the library of a crate, with a standard library that unwinds: a panic fails one request and not every
/// object of the isolate. Returns the module.
pub fn compile(title: &str, package: &Package) -> Result<PathBuf> {
    let mut build = rust::nightly_cargo()?;
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" -Cpanic=unwind");
    build
        .args(["build", "--lib", "--release", "--target", TARGET, "-Z", "build-std=std,panic_unwind"])
        .arg("--target-dir")
        .arg(&package.target)
        .current_dir(&package.dir)
        .env("RUSTFLAGS", flags.trim())
        // The macro of wasm-bindgen then takes futures from js-sys, as the crate `worker` expects.
        .env("WASM_BINDGEN_USE_JS_SYS", "1")
        .envs(PROFILE.iter().copied());
    progress::cargo(title, &mut build)?;
    Ok(package.target.join(TARGET).join("release").join(package.name).with_extension("wasm"))
}

/// Writes a module and its glue to JavaScript into `out`. `target` selects the kind of glue.
pub fn bind(
    module: &Path,
    out: &Path,
    name: &str,
    target: impl FnOnce(&mut Bindgen) -> Result<()>,
) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).omit_default_module_path(false);
    target(&mut bindgen)?;
    bindgen.generate(out).with_context(|| format!("cannot bind {} to JavaScript", module.display()))
}

/// Bundles the glue with the classes that the platform constructs, into `bundle.js`.
fn bundle(title: &str, node: &Node, work: &Path) -> Result<()> {
    let glue = fs::read_to_string(work.join(GLUE)).context("wasm-bindgen wrote no glue")?;
    fs::write(work.join("shim.js"), shim::of(&glue))?;
    let mut bundle = Command::new(&node.esbuild);
    bundle
        .args([
            "--external:./index_bg.wasm",
            "--external:cloudflare:*",
            "--format=esm",
            "--bundle",
            "--minify",
        ])
        .args(["./shim.js", "--outfile=bundle.js", "--log-level=warning"])
        .current_dir(work);
    progress::run(&format!("{title}: bundling"), &mut bundle)?;
    // workerd gives the compiled module to a plain import, and does not know the source phase.
    let file = work.join("bundle.js");
    let bundled = fs::read_to_string(&file)?.replace("import source ", "import ");
    Ok(fs::write(file, bundled)?)
}
