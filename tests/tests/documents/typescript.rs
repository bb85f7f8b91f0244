//! Checks the types of TypeScript in documents and doc comments with the built package, and runs the programs in Node.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::stack;
use tokio::process::Command;
use tokio::task::spawn_blocking;
use xtask::root::Root;
use xtask::sdk::package;
use xtask::tools::node::{self, Node};
use xtask::tools::runtimes;

use crate::blocks::{self, Block, Kind};
use crate::programs;

const OPTIONS: &str = r#"{"extends":"../../../sdk/tsconfig.json","include":["*.ts","*.tsx"],"compilerOptions":{
    "jsx":"react-jsx","types":["node"],"noUnusedLocals":false,"noUnusedParameters":false}}"#;
/// The guide whose program runs in all runtimes.
const START: &str = "docs/guides/start.md";
/// The names that a block without imports has.
const NAMES: &str = "matchpoint: Matchpoint, room: Room, lobby: Lobby, id: string";

/// Makes a folder in which `@matchpoint/client` is the built package, with one module for each block.
fn folder(name: &str) -> Result<PathBuf> {
    let root = Root::here();
    let package = {
        // Other tests build it at the same time.
        let _lock = root.lock()?;
        package::build(&root)?
    };
    let folder = root.path("target/documents").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("node_modules/@matchpoint"))?;
    std::os::unix::fs::symlink(package, folder.join("node_modules/@matchpoint/client"))?;
    fs::write(folder.join("tsconfig.json"), OPTIONS)?;
    fs::write(folder.join("package.json"), r#"{"type":"module"}"#)?;
    Ok(folder)
}

fn check_types(folder: &Path) -> Result<Node> {
    let node = node::ensure(&Root::here())?;
    let output =
        std::process::Command::new(&node.program).arg(&node.tsc).arg("--project").arg(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(node)
}

/// Returns the module of a block. One without imports is the body of a function.
fn module(block: &Block) -> String {
    if block.text.starts_with("import ") || block.text.contains("\nimport ") {
        return block.text.clone();
    }
    format!(
        "import {{ Lobby, Matchpoint, Room }} from \"@matchpoint/client\";\n\
         export async function sample({NAMES}) {{\n{}\n}}\n",
        block.text
    )
}

fn write_modules() -> Result<PathBuf> {
    let folder = folder("types")?;
    let all = [blocks::of_kind(Kind::Types)?, blocks::of_kind(Kind::Program)?].concat();
    for block in &all {
        fs::write(folder.join(format!("{}.{}", block.slug(), block.language)), module(block))?;
    }
    ensure!(all.len() >= 5, "only {} blocks", all.len());
    Ok(folder)
}

#[tokio::test]
async fn types_are_right() -> Result<()> {
    spawn_blocking(|| check_types(&write_modules()?).map(drop)).await?
}

#[tokio::test]
async fn programs_print_what_documents_show() -> Result<()> {
    let stack = stack::shared().await?;
    let (folder, node) =
        spawn_blocking(|| anyhow::Ok((folder("programs")?, node::ensure(&Root::here())?))).await??;
    // A page has an address; a program in Node has not.
    fs::write(folder.join("page.js"), "globalThis.location = { origin: process.env.EDGE };\n")?;
    let programs = blocks::of_kind(Kind::Program)?;
    ensure!(programs.len() >= 3, "only {} programs", programs.len());
    // One after the other: their players wait in the same queues.
    for block in programs {
        let file = folder.join(format!("{}.ts", block.slug()));
        fs::write(&file, programs::with_addresses(&block.text, stack))?;
        let program = || {
            let mut command = Command::new(&node.program);
            command.args([
                "--experimental-strip-types",
                "--disable-warning=ExperimentalWarning",
                "--import",
                "./page.js",
            ]);
            command.arg(&file).current_dir(&folder);
            command
        };
        programs::run(&block, stack, program).await?;
    }
    Ok(())
}

/// Runs the first program of the guides in the other runtimes.
#[tokio::test]
async fn start_runs_in_deno_and_bun() -> Result<()> {
    let installed = spawn_blocking(|| {
        let root = Root::here();
        let _lock = root.lock()?;
        runtimes::ensure(&root)
    });
    let runtimes = match installed.await? {
        Ok(runtimes) => runtimes,
        Err(error) => {
            ensure!(std::env::var_os("CI").is_none(), "CI has no Deno or Bun: {error:#}");
            eprintln!("SKIPPED: {error:#}");
            return Ok(());
        }
    };
    let stack = stack::shared().await?;
    let folder = spawn_blocking(|| folder("runtimes")).await??;
    let start = blocks::of_kind(Kind::Program)?.into_iter().find(|block| block.file == START);
    let block = start.with_context(|| format!("{START} has no program"))?;
    let file = folder.join("start.ts");
    fs::write(&file, programs::with_addresses(&block.text, stack))?;
    for (program, arguments) in [
        (&runtimes.deno, ["run", "--allow-all", "--node-modules-dir=manual"].as_slice()),
        (&runtimes.bun, &["run"]),
    ] {
        let command = || {
            let mut command = Command::new(program);
            command.args(arguments).arg(&file).current_dir(&folder);
            command
        };
        programs::run(&block, stack, command).await.with_context(|| program.display().to_string())?;
    }
    Ok(())
}

/// Returns the samples in the doc comments of a file of the package: lines with four more spaces than the text.
fn doc_samples(source: &str) -> Vec<String> {
    let code = |line: &str| line.trim_start().strip_prefix("*     ").map(str::to_owned);
    let mut samples = Vec::new();
    let mut lines = source.lines().map(code).peekable();
    while let Some(line) = lines.next() {
        let Some(mut sample) = line else { continue };
        while let Some(Some(more)) = lines.next_if(Option::is_some) {
            sample = format!("{sample}\n{more}");
        }
        samples.push(sample);
    }
    samples
}

#[test]
fn doc_comments_have_the_right_types() -> Result<()> {
    let root = Root::here();
    let mut program = "import { Matchpoint } from \"@matchpoint/client\";\n\
         import type { ConnectFour, Room } from \"@matchpoint/client\";\n\
         import { load_predictor } from \"@matchpoint/client/predict\";\n\
         import { Me } from \"@matchpoint/client/presence\";\n"
        .to_owned();
    let mut count = 0;
    let is_source = |file: &&String| {
        file.starts_with("sdk/src/") && Path::new(file).extension().is_some_and(|end| end == "ts")
    };
    for file in root.files()?.iter().filter(is_source) {
        for sample in doc_samples(&fs::read_to_string(root.path(file))?) {
            count += 1;
            // The inner block lets a sample have names of its own.
            let names = "matchpoint: Matchpoint, room: Room, id: string";
            writeln!(program, "// {file}\nexport async function sample_{count}({names}) {{")?;
            writeln!(program, "{{\n{sample}\n}}\n}}")?;
        }
    }
    ensure!(count >= 4, "only {count} samples in doc comments");
    let folder = folder("comments")?;
    fs::write(folder.join("samples.ts"), program)?;
    check_types(&folder).map(drop)
}
