//! `cargo dev` and `cargo xtask`: one command for each thing a person does with the repository.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::root::Root;
use xtask::{
    artifacts, bench, chaos, conformance, dev, lambda, lint, load, matching, openapi, schemathesis, tools,
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "How the repository is run.")]
struct Xtask {
    /// Work in another checkout than the one this was built from.
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    Dev(dev::Dev),
    /// Builds what is deployed to the edge: the Worker into target/edge, the pages into target/pages.
    Build {
        /// Fail if the Worker is too large.
        #[arg(long)]
        check_size: bool,
    },
    /// Installs what a build and a local run need, and nothing that is there already.
    Tools,
    Conformance(conformance::Conformance),
    Lambda(lambda::Lambda),
    Bench(bench::Bench),
    Chaos(chaos::Chaos),
    Load(load::Load),
    Match(matching::Match),
    /// Writes docs/openapi-edge.json and docs/openapi-region.json from the code.
    Openapi,
    Schemathesis(schemathesis::Schemathesis),
    /// Clippy for both targets, rustdoc, TypeScript, the template, licences.
    Lint,
}

#[tokio::main]
async fn main() {
    let Xtask { root, command } = Xtask::parse();
    let result = match root.map_or_else(|| Ok(Root::here()), |dir| Root::at(&dir)) {
        Ok(root) => run(root, command).await,
        Err(error) => Err(error),
    };
    let code = result.map_or_else(
        |error| {
            eprintln!("error: {error:#}");
            1
        },
        |()| 0,
    );
    // Not by returning: that would wait for a build that a signal has made pointless.
    std::process::exit(code);
}

async fn run(root: Root, task: Task) -> Result<()> {
    match task {
        Task::Dev(dev) => dev::run(root, dev).await,
        Task::Build { check_size } => {
            let size = artifacts::edge(&root)?;
            eprintln!("The Worker: {size}");
            if check_size { size.check() } else { Ok(()) }
        }
        Task::Tools => {
            let _lock = root.lock()?;
            tools::ensure(&root)
        }
        Task::Lambda(lambda) => lambda::run(&root, lambda),
        Task::Bench(bench) => bench::run(&root, bench).await,
        Task::Chaos(chaos) => chaos::run(&root, chaos).await,
        Task::Load(load) => load::run(&root, load).await,
        Task::Conformance(conformance) => conformance::run(conformance).await,
        Task::Match(asked) => matching::run(&root, &asked),
        Task::Openapi => openapi::write(&root),
        Task::Schemathesis(asked) => schemathesis::run(&root, asked).await,
        Task::Lint => lint::run(&root),
    }
}
