//! The client in TypeScript: the types of openapi-typescript, with which openapi-fetch sends requests.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{DOCUMENTS, OUTPUT, PROGRAMS, generate};
use crate::progress;
use crate::root::Root;
use crate::tools::node;

/// Generates the types and checks the program that uses them. Returns the program.
pub fn prepare(root: &Root) -> Result<Command> {
    let node = node::ensure(root)?;
    let output = root.path(OUTPUT).join("typescript");
    fs::create_dir_all(&output)?;
    for (name, document) in DOCUMENTS {
        let mut command = Command::new(&node.program);
        command
            .arg(&node.openapi_typescript)
            .arg(root.path(document))
            .arg("--output")
            .arg(output.join(format!("{name}.ts")))
            // A field with a default is optional in a request.
            .arg("--default-non-nullable=false")
            .current_dir(root.dir());
        generate(&format!("openapi-typescript of {document}"), &mut command)?;
    }
    let mut check = Command::new(&node.program);
    check.arg(&node.tsc).args(["--noEmit", "--project", PROGRAMS]).current_dir(root.dir());
    progress::run("TypeScript of the clients", &mut check)?;

    let mut program = node.typescript(root.path(PROGRAMS).join("session.ts"));
    program.current_dir(root.dir());
    Ok(program)
}
