//! The client in Python: one package per document, made by openapi-python-client.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{DOCUMENTS, OUTPUT, PROGRAMS, generate};
use crate::progress;
use crate::root::Root;
use crate::tools::python;

/// The programs that use the packages, which mypy checks with them.
const CHECKED: &[&str] = &[
    "xtask/clients/session.py",
    "examples/backend-python/backend.py",
    "examples/backend-python/receiver.py",
];

/// The generated packages, and the Python that imports them.
#[derive(Debug, Clone)]
pub struct Packages {
    /// The directory of `python` and its tools.
    pub programs: PathBuf,
    /// The directory of the packages, for `PYTHONPATH`.
    pub modules: PathBuf,
}

/// Generates the packages, or returns none without Python.
pub fn packages(root: &Root) -> Result<Option<Packages>> {
    let _lock = root.lock()?;
    let Some(programs) = python::openapi_client(root)? else {
        return Ok(None);
    };
    let modules = root.path(OUTPUT).join("python");
    fs::create_dir_all(&modules)?;
    for (name, document) in DOCUMENTS {
        let mut command = Command::new(programs.join("openapi-python-client"));
        command
            .args(["generate", "--fail-on-warning", "--overwrite", "--meta", "none"])
            .arg("--config")
            .arg(root.path(PROGRAMS).join("python.yaml"))
            .arg("--path")
            .arg(root.path(document))
            .arg("--output-path")
            .arg(modules.join(format!("matchpoint_{name}")))
            .current_dir(root.dir());
        generate(&format!("openapi-python-client of {document}"), &mut command)?;
    }
    Ok(Some(Packages { programs, modules }))
}

/// Generates the packages and checks them with the programs that use them. Returns the first program, or none without
/// Python.
pub fn prepare(root: &Root) -> Result<Option<Command>> {
    let Some(Packages { programs, modules }) = packages(root)? else {
        return Ok(None);
    };
    let mut check = Command::new(programs.join("mypy"));
    check
        .args(["--strict", "--no-error-summary", "--cache-dir"])
        .arg(root.path(OUTPUT).join("mypy"))
        .args(CHECKED)
        .args(DOCUMENTS.iter().map(|(name, _)| modules.join(format!("matchpoint_{name}"))))
        .env("MYPYPATH", &modules)
        .current_dir(root.dir());
    progress::run("mypy of the clients", &mut check)?;

    let mut program = Command::new(programs.join("python"));
    program.arg(root.path(PROGRAMS).join("session.py")).env("PYTHONPATH", &modules).current_dir(root.dir());
    Ok(Some(program))
}
