//! Compiles the Python of documents, and runs the programs against the local stack, where Python is installed.

use std::fs;
use std::process::Stdio;

use anyhow::{Result, ensure};
use tests::stack;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::task::spawn_blocking;
use xtask::root::Root;
use xtask::tools::{on_path, python};

use crate::blocks::{self, Kind};
use crate::programs;

/// Says that a test is left out, which CI does not accept.
fn skip() -> Result<()> {
    ensure!(std::env::var_os("CI").is_none(), "CI has no Python with venv and pip");
    eprintln!("SKIPPED: python3 with venv and pip is missing (Debian: `apt-get install python3-venv`)");
    Ok(())
}

#[tokio::test]
async fn python_compiles() -> Result<()> {
    let Some(python) = on_path("python3") else { return skip() };
    for block in [blocks::of_kind(Kind::Python)?, blocks::of_kind(Kind::PythonProgram)?].concat() {
        let mut compile = Command::new(&python);
        compile.args(["-c", "import sys; compile(sys.stdin.read(), sys.argv[1], 'exec')"]).arg(block.place());
        let mut child = compile.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(block.text.as_bytes()).await?;
        }
        let done = child.wait_with_output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

#[tokio::test]
async fn programs_print_what_documents_show() -> Result<()> {
    let Some(environment) = spawn_blocking(|| python::openapi_client(&Root::here())).await?? else {
        return skip();
    };
    let stack = stack::shared().await?;
    let folder = Root::here().path("target/documents/python");
    fs::create_dir_all(&folder)?;
    for block in blocks::of_kind(Kind::PythonProgram)? {
        let file = folder.join(format!("{}.py", block.slug()));
        fs::write(&file, programs::with_addresses(&block.text, stack))?;
        let program = || {
            let mut command = Command::new(environment.join("python"));
            command.arg("-u").arg(&file).current_dir(&folder);
            command
        };
        programs::run(&block, stack, program).await?;
    }
    Ok(())
}
