//! The client in Python: one package per document, made by openapi-python-client.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{DOCUMENTS, OUTPUT, PROGRAMS, generate};
use crate::progress;
use crate::root::Root;
use crate::tools::python;

/// Generates the packages and checks them with the program that uses them. Returns the program, or none without
/// Python.
pub fn prepare(root: &Root) -> Result<Option<Command>> {
    let Some(programs) = python::openapi_client(root)? else {
        return Ok(None);
    };
    let output = root.path(OUTPUT).join("python");
    fs::create_dir_all(&output)?;
    for (name, document) in DOCUMENTS {
        let mut command = Command::new(programs.join("openapi-python-client"));
        command
            .args(["generate", "--fail-on-warning", "--overwrite", "--meta", "none"])
            .arg("--config")
            .arg(root.path(PROGRAMS).join("python.yaml"))
            .arg("--path")
            .arg(root.path(document))
            .arg("--output-path")
            .arg(output.join(format!("matchpoint_{name}")))
            .current_dir(root.dir());
        generate(&format!("openapi-python-client of {document}"), &mut command)?;
    }
    let session = root.path(PROGRAMS).join("session.py");
    let mut check = Command::new(programs.join("mypy"));
    check
        .args(["--strict", "--no-error-summary", "--cache-dir"])
        .arg(root.path(OUTPUT).join("mypy"))
        .arg(&session)
        .args(DOCUMENTS.iter().map(|(name, _)| output.join(format!("matchpoint_{name}"))))
        .env("MYPYPATH", &output)
        .current_dir(root.dir());
    progress::run("mypy of the clients", &mut check)?;

    let mut program = Command::new(programs.join("python"));
    program.arg(&session).env("PYTHONPATH", &output).current_dir(root.dir());
    Ok(Some(program))
}
