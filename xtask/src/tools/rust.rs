//! Installs the pinned nightly, `worker-build` and `wasm-bindgen`, which build the Worker.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::node::Node;
use super::{on_path, script};
use crate::progress;
use crate::root::Root;

/// The Worker's toolchain. Unwinding in WebAssembly needs a nightly, so that a panic fails one request and
/// not every object of the isolate. The date is pinned so that every build is the same.
pub const NIGHTLY: &str = "nightly-2026-05-20";
/// Version of worker-build, which runs cargo, wasm-bindgen, esbuild and wasm-opt in turn.
pub const WORKER_BUILD: &str = "0.8.7";
/// The environment variable with which the `wasm-opt` of these tools keeps the names of functions.
pub const KEEP_NAMES: &str = "MATCHPOINT_KEEP_NAMES";

/// The build directory of the tools, which is removed once they are installed.
const INSTALL: &str = "target/xtask/install";

/// Paths of the Worker's tools.
#[derive(Debug, Clone)]
pub struct WorkerTools {
    pub worker_build: PathBuf,
    /// Exactly the version in `Cargo.lock`.
    pub wasm_bindgen: PathBuf,
    pub wasm_opt: PathBuf,
    /// `PATH` for `worker-build`, in which `nightly` is the pinned one.
    pub path: OsString,
}

impl WorkerTools {
    /// Returns a cargo that runs the pinned nightly where its first argument is `+nightly`.
    #[must_use]
    pub fn pinned_cargo(&self) -> PathBuf {
        std::env::split_paths(&self.path).next().unwrap_or_default().join("cargo")
    }
}

/// Installs the missing tools and returns their paths.
pub fn ensure(root: &Root, node: &Node) -> Result<WorkerTools> {
    let rustup = on_path("rustup").context(
        "rustup is missing: the Worker is built by a pinned nightly that rustup installs beside your toolchain. \
         Install it (https://rustup.rs) and run this again.",
    )?;
    toolchain(&rustup)?;
    let tools = root.path("target/tools");
    install(root, "worker-build", WORKER_BUILD)?;
    install(root, "wasm-bindgen-cli", &locked(root, "wasm-bindgen")?)?;
    let build = root.path(INSTALL);
    if build.exists() && fs::remove_dir_all(&build).is_err() {
        bail!("cannot remove {}", build.display());
    }

    let (rustup, node_program) = (rustup.display(), node.program.display());
    // worker-build always asks for names in the result; they are a quarter of the module.
    let body = format!(
        "for word do shift; [ \"$word\" = --debuginfo ] && [ -z \"${KEEP_NAMES}\" ] || set -- \"$@\" \"$word\"; done\n\
         exec '{node_program}' '{}' \"$@\"\n",
        node.wasm_opt.display()
    );
    script(&tools.join("bin/wasm-opt"), &body)?;
    // worker-build only knows a toolchain called `nightly`. These scripts pass its calls on to the pinned
    // one.
    let pinned = tools.join("pinned");
    let plain = |name: &str| on_path(name).unwrap_or_else(|| name.into());
    for name in ["cargo", "rustc"] {
        let body = format!(
            "if [ \"$1\" = +nightly ]; then shift; exec '{rustup}' run {NIGHTLY} {name} \"$@\"; fi\nexec '{}' \"$@\"\n",
            plain(name).display()
        );
        script(&pinned.join(name), &body)?;
    }
    let body = format!(
        "for word do shift; [ \"$word\" = nightly ] && word={NIGHTLY}; set -- \"$@\" \"$word\"; done\nexec '{rustup}' \"$@\"\n"
    );
    script(&pinned.join("rustup"), &body)?;
    let mut path = vec![pinned];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    Ok(WorkerTools {
        worker_build: tools.join("bin/worker-build"),
        wasm_bindgen: tools.join("bin/wasm-bindgen"),
        wasm_opt: tools.join("bin/wasm-opt"),
        path: std::env::join_paths(path)?,
    })
}

/// Returns the version of `package` in `Cargo.lock`.
pub fn locked(root: &Root, package: &str) -> Result<String> {
    let lock: toml::Table = toml::from_str(&fs::read_to_string(root.path("Cargo.lock"))?)?;
    lock.get("package")
        .and_then(toml::Value::as_array)
        .and_then(|packages| {
            packages.iter().find(|p| p.get("name").and_then(toml::Value::as_str) == Some(package))
        })
        .and_then(|p| p.get("version")?.as_str())
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock has no {package}"))
}

fn toolchain(rustup: &PathBuf) -> Result<()> {
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

fn install(root: &Root, package: &str, version: &str) -> Result<()> {
    let tools = root.path("target/tools");
    let wanted = format!("\"{package} {version} (");
    if fs::read_to_string(tools.join(".crates.toml")).is_ok_and(|list| list.contains(&wanted)) {
        return Ok(());
    }
    let mut command = Command::new("cargo");
    command
        .args(["install", package, "--version", version, "--locked", "--root"])
        .arg(&tools)
        .current_dir(root.dir());
    // The tools are built once and run for seconds, so a fast compilation matters more than fast code.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    // Not in /tmp, which may be small, and not in the workspace's build directory. The tools share what they have in
    // common.
    command.env("CARGO_TARGET_DIR", root.path(INSTALL));
    progress::run(&format!("Installing {package} {version}"), &mut command).map(drop)
}
