//! `cargo xtask lint`: clippy, rustdoc, TypeScript, the npm package, the SAM template and the licences.

use std::process::Command;

use anyhow::{Context, Result};

use crate::progress;
use crate::root::Root;
use crate::sdk;
use crate::tools::{node, on_path, python};

const WASM: &str = "wasm32-unknown-unknown";
/// TypeScript projects to check; those that do not exist are skipped.
const PROJECTS: &[&str] = &["xtask/driver", "edge"];

/// Runs every check and stops at the first that fails.
pub fn run(root: &Root) -> Result<()> {
    let cargo = |title: &str, words: &[&str], env: Option<(&str, &str)>| {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(root.dir()).envs(env);
        progress::run(title, &mut command).map(drop)
    };
    cargo("clippy, for this machine", &["clippy", "--all-targets", "--", "-D", "warnings"], None)?;
    target(root)?;
    cargo(
        "clippy, for the Worker",
        &[
            "clippy",
            "-p",
            "edge",
            "-p",
            "plan-bench",
            "-p",
            "predict",
            "--target",
            WASM,
            "--",
            "-D",
            "warnings",
        ],
        None,
    )?;
    let strict = Some(("RUSTDOCFLAGS", "-D warnings"));
    cargo("rustdoc", &["doc", "--no-deps", "--document-private-items"], strict)?;

    let node = node::ensure(root)?;
    for project in PROJECTS.iter().filter(|project| root.path(project).join("tsconfig.json").is_file()) {
        let mut check = Command::new(&node.program);
        check.arg(&node.tsc).args(["--noEmit", "--project", project]).current_dir(root.dir());
        progress::run(&format!("TypeScript of {project}"), &mut check)?;
    }
    sdk::check::run(root)?;
    template(root)?;
    if on_path("cargo-deny").is_some() {
        // Without advisories, because they change daily and a build must be reproducible.
        cargo("cargo-deny", &["deny", "check", "licenses", "bans", "sources"], None)?;
    } else {
        eprintln!(
            "cargo-deny: not installed, so licences are not checked (`cargo install cargo-deny --locked`)"
        );
    }
    Ok(())
}

/// Checks the template for two regions that offer different resource types.
fn template(root: &Root) -> Result<()> {
    let Some(program) = python::cfn_lint(root)? else {
        python::say_missing("cfn-lint", "template.yaml is not checked");
        return Ok(());
    };
    let mut check = Command::new(program);
    check
        .args(["--template", "template.yaml", "--regions"])
        .args(["us-east-1", "eu-west-1"])
        .current_dir(root.dir());
    progress::run("The template", &mut check).map(drop)
}

/// Installs the WebAssembly target of the workspace's own toolchain, which checks the Worker; only its build
/// needs the nightly.
fn target(root: &Root) -> Result<()> {
    let rustup =
        on_path("rustup").context("rustup is missing: install it (https://rustup.rs) and run this again.")?;
    let output =
        Command::new(&rustup).args(["target", "list", "--installed"]).current_dir(root.dir()).output()?;
    if String::from_utf8_lossy(&output.stdout).contains(WASM) {
        return Ok(());
    }
    let mut add = Command::new(rustup);
    progress::run("Adding the Worker's target", add.args(["target", "add", WASM]).current_dir(root.dir()))
        .map(drop)
}
