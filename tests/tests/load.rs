//! Runs the load of the repository at a small scale: no message is lost, doubled or reordered, each ticket ends once, each room
//! has exactly its two players, and fewer than one step in a thousand fails.
//!
//! Latencies are not judged here: the machine has other work.

use anyhow::{Result, ensure};
use tests::stack;
use xtask::load::{Kind, Plan, Report, Run, Scenario, Verdict, criteria, verdict};
use xtask::root::Root;

/// Runs a scenario of the repository at a part of its size and time.
async fn run(name: &str, scale: f64, time: f64) -> Result<Run> {
    let root = Root::here();
    let stack = stack::shared().await?;
    let scenario = Scenario::read(&root, name)?;
    let plan = Plan { name: name.to_owned(), scenario, scale, time, shard: None };
    plan.run(&root, stack.edge_url(), Some(stack)).await
}

fn keeps_promises(run: &Run) -> Result<()> {
    let report = Report::of(&Root::here(), run, None).markdown();
    println!("{report}");
    ensure!(verdict(&criteria(run), Some(Kind::Promise)) == Verdict::Passed, "{report}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_lose_nothing_and_requests_are_answered() -> Result<()> {
    let run = run("baseline", 0.03, 0.03).await?;
    keeps_promises(&run)?;
    ensure!(run.tickets.rooms > 10 && run.talks.received > 50, "{:?}, {:?}", run.tickets, run.talks);
    ensure!(run.measured.is_some(), "nothing for the bill");
    // Afterwards, on the same stack: side by side the two would compete for the machine.
    requests_are_answered().await
}

async fn requests_are_answered() -> Result<()> {
    // Five requests a second: a machine that runs all tests at once answers more of them with 503.
    let run = run("http-500", 0.01, 0.1).await?;
    keeps_promises(&run)?;
    ensure!(run.counts.operations > 20 && run.store.count() > 0, "{:?}", run.counts);
    ensure!(run.reads.is_some_and(|reads| reads.all > 0.0), "{:?}", run.reads);
    Ok(())
}
