//! The command line of `cargo dev` and `cargo xtask`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::root::Root;
use xtask::{
    artifacts, bench, chaos, clients, conformance, cost, dev, hooks, keys, lambda, language, lint, load, map,
    matching, mode, new, observe, openapi, ops, schemathesis, sdk, tools, wire_files,
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, checks and measures Matchpoint.")]
struct Xtask {
    /// Work in this checkout instead of the one the program was built from.
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    Dev(dev::Dev),
    /// Builds the edge: the Worker into target/edge, the pages into target/pages.
    Build {
        /// Fail if the Worker is too large.
        #[arg(long)]
        check_size: bool,
    },
    /// Installs the missing tools of builds and local runs.
    Tools,
    Conformance(conformance::Conformance),
    Cost(cost::Cost),
    Hooks(hooks::Hooks),
    Keys(keys::Keys),
    Lambda(lambda::Lambda),
    Bench(bench::Bench),
    Chaos(chaos::Chaos),
    Load(load::Load),
    Match(matching::Match),
    Mode(mode::Mode),
    New(new::New),
    Observe(observe::Observe),
    /// Writes docs/openapi-edge.json and docs/openapi-region.json from the code.
    Openapi,
    Ops(ops::Ops),
    Schemathesis(schemathesis::Schemathesis),
    Sdk(sdk::Sdk),
    /// Generates clients in Python and TypeScript from both OpenAPI documents, checks their types, and logs a guest in
    /// with each.
    Clients,
    /// Runs clippy for both targets, rustdoc, TypeScript, and checks of the npm package, the template and the licences.
    Lint,
    Map(map::Map),
    Wire(wire_files::Wire),
    Words(language::Words),
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
    // The process exits here, because returning would wait for a build that a signal has cancelled.
    std::process::exit(code);
}

async fn run(root: Root, task: Task) -> Result<()> {
    match task {
        Task::Cost(cost) => cost::run(&root, &cost),
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
        Task::Hooks(hooks) => hooks::run(&root, hooks).await,
        Task::Keys(options) => {
            print!("{}", keys::run(&options)?);
            Ok(())
        }
        Task::Lambda(lambda) => lambda::run(&root, lambda),
        Task::Bench(bench) => bench::run(&root, bench).await,
        Task::Chaos(chaos) => chaos::run(&root, chaos).await,
        Task::Load(load) => load::run(&root, load).await,
        Task::Conformance(conformance) => conformance::run(&root, conformance).await,
        Task::Match(options) => matching::run(&root, &options),
        Task::Mode(options) => mode::run(&options),
        Task::New(options) => new::run(&root, &options),
        Task::Observe(options) => observe::run(&root, options).await,
        Task::Openapi => openapi::write(&root),
        Task::Ops(options) => ops::run(&root, options),
        Task::Schemathesis(args) => schemathesis::run(&root, args).await,
        Task::Sdk(options) => sdk::run(&root, &options),
        Task::Clients => clients::run(&root).await,
        Task::Lint => lint::run(&root),
        Task::Map(options) => map::run(&root, options),
        Task::Wire(options) => wire_files::run(&root, options),
        Task::Words(options) => language::run(&root, &options),
    }
}
