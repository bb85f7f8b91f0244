//! Runs the shell scripts of each document in one bash, in their order, against the local stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, ensure};
use tests::programs::environment;
use tests::stack;
use tokio::process::Command;
use xtask::root::Root;
use xtask::tools::on_path;

use crate::blocks::{self, Block, Kind};
use crate::programs::{is_like, with_addresses};

/// The programs that the scripts use.
const USED: &[&str] = &["bash", "curl", "openssl", "python3"];
/// Ends the output of a block.
const END: &str = "--- end of block";

fn check_output(block: &Block, printed: &str) -> Result<()> {
    let Some(shown) = blocks::output_of(block)? else { return Ok(()) };
    let printed: Vec<&str> = printed.trim().lines().collect();
    let is_same = printed.len() == shown.lines().count()
        && printed.iter().zip(shown.lines()).all(|(line, expected)| is_like(line, expected));
    ensure!(is_same, "{} prints\n{}\ninstead of\n{shown}", block.place(), printed.join("\n"));
    Ok(())
}

#[tokio::test]
async fn scripts_succeed_and_print_what_documents_show() -> Result<()> {
    if let Some(missing) = USED.iter().find(|name| on_path(name).is_none()) {
        ensure!(std::env::var_os("CI").is_none(), "CI has no {missing}");
        eprintln!("SKIPPED: {missing} is not installed");
        return Ok(());
    }
    let stack = stack::shared().await?;
    let mut documents: BTreeMap<String, Vec<Block>> = BTreeMap::new();
    for block in blocks::of_kind(Kind::Script)? {
        documents.entry(block.file.clone()).or_default().push(block);
    }
    for (file, blocks) in documents {
        let mut script = "set -euo pipefail\n".to_owned();
        for block in &blocks {
            writeln!(script, "{}\necho\necho '{END}'", with_addresses(&block.text, stack))?;
        }
        let folder = Root::here().path("target/documents/scripts");
        fs::create_dir_all(&folder)?;
        let mut bash = Command::new("bash");
        environment(&mut bash, stack);
        let done = bash.arg("-c").arg(&script).current_dir(&folder).output().await?;
        let printed = String::from_utf8_lossy(&done.stdout);
        let error = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "the scripts of {file} fail behind:\n{printed}\n{error}");
        for (block, printed) in blocks.iter().zip(printed.split(END)) {
            check_output(block, printed)?;
        }
    }
    Ok(())
}
