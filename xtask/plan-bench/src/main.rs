//! The native benchmark: `plan-bench RUNS SIZE…` prints its figures as JSON.

use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let numbers: Vec<u32> = arguments.collect::<Result<_, _>>()?;
    let (&runs, sizes) = numbers.split_first().ok_or("plan-bench RUNS SIZE…")?;
    let began = Instant::now();
    let mut clock = || began.elapsed().as_secs_f64() * 1000.0;
    let figures = plan_bench::run(sizes, runs, &mut clock);
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
