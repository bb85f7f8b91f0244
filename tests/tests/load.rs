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
async fn people_of_the_baseline_lose_nothing() -> Result<()> {
    let run = run("baseline", 0.03, 0.04).await?;
    keeps_promises(&run)?;
    ensure!(run.tickets.rooms > 10 && run.talks.received > 50, "{:?}, {:?}", run.tickets, run.talks);
    ensure!(run.measured.is_some(), "nothing for the bill");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_at_a_rate_are_all_answered() -> Result<()> {
    let run = run("http-500", 0.05, 0.1).await?;
    keeps_promises(&run)?;
    ensure!(run.counts.operations > 100 && run.store.count() > 0, "{:?}", run.counts);
    ensure!(run.reads.is_some_and(|reads| reads.all > 0.0), "{:?}", run.reads);
    Ok(())
}
