//! Reads a plan from stdin, runs it, prints its outcome: one JSON line each.

use std::io::{self, BufRead, Write};

use anyhow::{Context, Result};
use room_bench::plan::{Load, Plan};

fn main() -> Result<()> {
    let mut lines = io::stdin().lock().lines();
    let plan: Plan = serde_json::from_str(&lines.next().context("a plan is expected on stdin")??)?;
    room_bench::run(&plan, |outcome| {
        writeln!(io::stdout(), "{}", serde_json::to_string(outcome)?)?;
        io::stdout().flush()?;
        // Idle sockets stay open until the parent has looked at the server.
        if matches!(plan.load, Load::Idle) {
            let _end = lines.next();
        }
        Ok(())
    })
}
