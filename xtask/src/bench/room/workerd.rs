//! workerd without a proxy: its configuration, as its own text format has it, and the bare rooms that run on it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;
use crate::tools::{self, node, rust};
use crate::wasm::{self, Package};

/// The date of the bare rooms: the Worker's own.
const COMPATIBILITY: &str = "2026-07-01";

/// A Worker as workerd is told of it.
pub(in crate::bench) struct Worker {
    /// Name in the program, kind (`esModule` or `wasm`), file.
    pub(in crate::bench) modules: Vec<(String, &'static str, PathBuf)>,
    /// Binding and class of each kind of object; all of them use SQLite.
    pub(in crate::bench) objects: Vec<(String, String)>,
    /// Further bindings, as workerd writes them: `(name = "A", text = "b")`.
    pub(in crate::bench) bindings: Vec<String>,
    /// Modules of extensions: name and source.
    pub(in crate::bench) extensions: Vec<(&'static str, &'static str)>,
}

impl Worker {
    /// Writes the configuration and the modules into `dir`; returns the configuration's path.
    pub(in crate::bench) fn write(&self, dir: &Path, port: u16) -> Result<PathBuf> {
        let mut modules = String::new();
        for (name, kind, file) in &self.modules {
            fs::copy(file, dir.join(name)).with_context(|| format!("no module at {}", file.display()))?;
            let _ = write!(modules, "(name = {name:?}, {kind} = embed {name:?}), ");
        }
        let (mut namespaces, mut bindings) = (String::new(), String::new());
        for (binding, class) in &self.objects {
            let _ = write!(namespaces, "(className = {class:?}, uniqueKey = {class:?}, enableSql = true), ");
            let _ = write!(bindings, "(name = {binding:?}, durableObjectNamespace = {class:?}), ");
        }
        for binding in &self.bindings {
            let _ = write!(bindings, "{binding}, ");
        }
        let mut extensions = String::new();
        for (name, source) in &self.extensions {
            let module = format!("(name = {name:?}, internal = true, esModule = {source:?})");
            let _ = write!(extensions, "(modules = [{module}]), ");
        }
        let text = format!(
            r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "local", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
  extensions = [{extensions}],
);
const worker :Workerd.Worker = (
  modules = [{modules}],
  compatibilityDate = "{COMPATIBILITY}",
  durableObjectNamespaces = [{namespaces}],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [{bindings}],
  globalOutbound = "local",
);
"#
        );
        let file = dir.join("config.capnp");
        fs::write(&file, text)?;
        Ok(file)
    }
}

/// workerd's binary and version: the pinned one, or another that npm has.
pub(in crate::bench) fn find(root: &Root, version: Option<&str>) -> Result<(PathBuf, String)> {
    let dir = match version {
        None => {
            node::ensure(root)?;
            root.dir().to_owned()
        }
        Some(version) => {
            let dir = root.path(&format!("target/bench/workerd-{version}"));
            if !dir.join("node_modules/workerd").is_dir() {
                fs::create_dir_all(&dir)?;
                let npm = tools::on_path("npm").context("npm is missing: install Node.js with npm")?;
                let mut install = Command::new(npm);
                install.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
                install.arg(&dir).arg(format!("workerd@{version}"));
                progress::run(&format!("Installing workerd {version}"), &mut install)?;
            }
            dir
        }
    };
    // npm installs one package for each platform; only that of this machine is there.
    let scope = dir.join("node_modules/@cloudflare");
    let program = fs::read_dir(&scope)?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("workerd-"))
        .map(|entry| entry.path().join("bin/workerd"))
        .find(|file| file.is_file())
        .with_context(|| format!("no workerd for this platform in {}", scope.display()))?;
    let output = Command::new(&program).arg("--version").output()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((program, version))
}

/// The bare JavaScript room.
pub(super) fn js_room(root: &Root) -> Worker {
    let file = root.path("xtask/bench/peers/room.js");
    Worker {
        modules: vec![("room.js".to_owned(), "esModule", file)],
        objects: vec![("ROOM".to_owned(), "Room".to_owned())],
        bindings: Vec::new(),
        extensions: Vec::new(),
    }
}

/// The bare Rust room, which gathers for this many milliseconds; with `leases`, another object admits each socket.
pub(super) fn rust_room(root: &Root, tick_ms: &str, leases: bool) -> Worker {
    let build = root.path("target/bench/rust-room");
    let mut bindings = vec![format!("(name = \"TICK_MS\", text = {tick_ms:?})")];
    bindings.extend(leases.then(|| "(name = \"LEASES\", text = \"1\")".to_owned()));
    Worker {
        modules: vec![
            ("index.js".to_owned(), "esModule", build.join("index.js")),
            ("index_bg.wasm".to_owned(), "wasm", build.join("index_bg.wasm")),
        ],
        objects: vec![("ROOM".to_owned(), "Room".to_owned())],
        bindings,
        extensions: Vec::new(),
    }
}

/// Builds the bare Rust room as the Worker is built.
pub(super) fn build_rust_room(root: &Root) -> Result<()> {
    let sources = ["xtask/bench/peers/rust-room/src", "xtask/bench/peers/rust-room/Cargo.toml"];
    let stamp = BuildStamp::of(root, "rust-room", &sources, &[rust::NIGHTLY, wasm::SHIM])?;
    if stamp.is_current() && root.path("target/bench/rust-room/index.js").is_file() {
        return Ok(());
    }
    let package = Package {
        name: "rust_room",
        dir: root.path("xtask/bench/peers/rust-room"),
        // Its crate is a workspace of its own, whose folder must stay free of build output.
        target: root.path("target/bench/rust-room-build"),
        out: root.path("target/bench/rust-room"),
        shrink: &["-O"],
    };
    wasm::package(root, &node::ensure(root)?, "Building the bare Rust room", &package)?;
    stamp.record()
}
