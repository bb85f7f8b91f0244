//! `cargo xtask bench plan`: measures the matchmaker natively and as WebAssembly in Node, with the edge's
//! code and build options.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::root::Root;
use crate::tools::node;
use crate::wasm::{self, Package};
use crate::{program, progress};

/// Measures a whole plan and one entry, in pools of several sizes: natively and as WebAssembly.
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// Numbers of waiting players
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_u32, 10_000, 100_000])]
    sizes: Vec<u32>,
    /// Whole plans of each size; the median counts
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Skip the build and the run of the WebAssembly
    #[arg(long)]
    native: bool,
}

/// The output of the bench.
#[derive(Debug, Clone, Default, Deserialize)]
struct Figures {
    rows: Vec<Row>,
    commands: Vec<CommandCost>,
    rushes: Vec<Rush>,
    windows: Vec<Window>,
}

/// Waits and gaps of a pool over hours; `plan_bench::Window` documents its fields.
#[derive(Debug, Clone, Deserialize)]
struct Window {
    grows_with: String,
    gap: f64,
    wait_p95_ms: f64,
    outer_p95_ms: f64,
    unmatched: usize,
}

/// Waits and gaps when many tickets arrive; `plan_bench::Rush` documents its fields.
#[derive(Debug, Clone, Deserialize)]
struct Rush {
    plans: String,
    entries: u32,
    seconds: u32,
    gap: f64,
    wait_p50_ms: f64,
    wait_p99_ms: f64,
    plans_made: u32,
}

/// The cost of one command; `plan_bench::CommandCost` documents its fields.
#[derive(Debug, Clone, Deserialize)]
struct CommandCost {
    command: String,
    tickets: u32,
    median_us: f64,
    slowest_us: f64,
}

/// A row of the bench's output; `plan_bench::Row` documents its fields.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    crowd: String,
    tickets: u32,
    matches: u32,
    plan_ms: f64,
    entry: Option<Entry>,
}

/// Times of one entry, in microseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Entry {
    #[serde(rename = "waits_us")]
    waits: f64,
    #[serde(rename = "matched_us")]
    matched: f64,
    #[serde(rename = "slowest_us")]
    slowest: f64,
}

pub(super) fn run(root: &Root, plan: &Plan) -> Result<String> {
    ensure!(plan.runs > 0, "--runs must be 1 or more");
    ensure!(
        plan.sizes.iter().all(|size| (2..=1_000_000).contains(size)),
        "--sizes must be 2 to 1,000,000 each"
    );
    let native = native(root, plan)?;
    let wasm = if plan.native { Figures::default() } else { as_wasm(root, plan)? };
    table(&native, &wasm)
}

fn native(root: &Root, plan: &Plan) -> Result<Figures> {
    let program =
        program::build(root, "Building the bench", "plan-bench", &["--release", "--package", "plan-bench"])?;
    let mut bench = Command::new(program);
    bench.arg(plan.runs.to_string());
    bench.args(plan.sizes.iter().map(u32::to_string));
    figures(&progress::run("Measuring natively", &mut bench)?)
}

fn as_wasm(root: &Root, plan: &Plan) -> Result<Figures> {
    let node = node::ensure(root)?;
    let out = root.path("target/plan-bench");
    let package = Package {
        name: "plan_bench",
        dir: root.path("xtask/plan-bench"),
        target: root.path("target"),
        out: out.clone(),
        shrink: &[],
    };
    let module = wasm::compile("Building the bench as WebAssembly", &package)?;
    fs::create_dir_all(&out)?;
    // The repository's package.json declares ES modules; wasm-bindgen writes CommonJS for Node.
    fs::write(out.join("package.json"), r#"{"type":"commonjs"}"#)?;
    wasm::bind(&module, &out, "bench", |bindgen| bindgen.nodejs(true).map(drop))?;
    let mut shrink = node.wasm_opt();
    shrink
        .arg("-O")
        .args(wasm::FEATURES)
        .args(["--output", "bench_bg.wasm", "bench_bg.wasm"])
        .current_dir(&out);
    progress::run("Optimising it", &mut shrink)?;
    let sizes: Vec<String> = plan.sizes.iter().map(u32::to_string).collect();
    let script = format!(
        "console.log(require('./bench.js').run(new Uint32Array([{}]), {}))",
        sizes.join(","),
        plan.runs
    );
    let mut bench = Command::new(&node.program);
    bench.args(["--eval", &script]).current_dir(&out);
    figures(&progress::run("Measuring as WebAssembly", &mut bench)?)
}

fn figures(printed: &str) -> Result<Figures> {
    let figures: Figures = serde_json::from_str(printed.trim())
        .with_context(|| format!("the bench printed no figures:\n{printed}"))?;
    ensure!(!figures.rows.is_empty(), "the bench measured nothing");
    Ok(figures)
}

/// Returns both results side by side, and their growth from one size to the next.
fn table(native: &Figures, wasm: &Figures) -> Result<String> {
    let mut text = String::new();
    write_plans(&mut text, &native.rows, &wasm.rows)?;
    write_growth(&mut text, &native.rows, &wasm.rows)?;
    writeln!(text, "\nSingle commands of a client, µs:")?;
    for (kind, commands) in [("native", &native.commands), ("WASM", &wasm.commands)] {
        for CommandCost { command, tickets, median_us, slowest_us } in commands {
            write!(text, "{command:<24} {tickets:>8} tickets  {kind:<8}")?;
            writeln!(text, "  median {median_us:>10.1}  slowest {slowest_us:>10.1}")?;
        }
    }
    writeln!(text, "\nEntries one after the other, by the way in which the lobby plans:")?;
    for Rush { plans, entries, seconds, gap, wait_p50_ms, wait_p99_ms, plans_made } in &native.rushes {
        write!(text, "{entries:>8} in {seconds:>3} s  {plans:<12}  gap {gap:>6.1}")?;
        writeln!(text, "  wait p50 {wait_p50_ms:>6} ms  p99 {wait_p99_ms:>6} ms  {plans_made:>6} plans")?;
    }
    writeln!(text, "\nOne entry a second, ratings 1500 ± 300, by the wait that the window grows with:")?;
    for Window { grows_with, gap, wait_p95_ms, outer_p95_ms, unmatched } in &native.windows {
        write!(text, "{grows_with:<8}  gap {gap:>6.1}  wait p95 {wait_p95_ms:>7} ms")?;
        writeln!(text, "  of the outer 5 % {outer_p95_ms:>7} ms  unmatched {unmatched}")?;
    }
    Ok(text)
}

fn write_plans(text: &mut String, native: &[Row], wasm: &[Row]) -> Result<()> {
    writeln!(
        text,
        "{:<20} {:>8} {:>8}  {:>22}  {:>22}  {:>22}  {:>22}",
        "", "", "", "a whole plan, ms", "enters, waits, µs", "enters, matched, µs", "slowest entry, µs"
    )?;
    writeln!(
        text,
        "{:<20} {:>8} {:>8}{}",
        "pool",
        "tickets",
        "matches",
        format!("  {:>10} {:>11}", "native", "WASM").repeat(4)
    )?;
    for (nth, row) in native.iter().enumerate() {
        let other = wasm.get(nth);
        write!(text, "{:<20} {:>8} {:>8}", row.crowd, row.tickets, row.matches)?;
        for of in FIGURES {
            let told = |it: Option<f64>| it.map_or("-".into(), |it| format!("{it:.2}"));
            let (one, two) = (told(of(row)), told(other.and_then(of)));
            write!(text, "  {one:>10} {two:>11}")?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn write_growth(text: &mut String, native: &[Row], wasm: &[Row]) -> Result<()> {
    writeln!(text, "\nGrowth from one size to the next, as the power of the size (1 is linear):")?;
    for (kind, rows) in [("native", native), ("WASM", wasm)] {
        for pair in rows.windows(2) {
            let [small, large] = pair else { continue };
            if small.crowd != large.crowd {
                continue;
            }
            write!(text, "{:<20} {:>8} → {:<8} {kind:<8}", small.crowd, small.tickets, large.tickets)?;
            for (name, of) in ["plan", "waits", "matched"].iter().zip(FIGURES) {
                let (Some(before), Some(after)) = (of(small), of(large)) else {
                    continue;
                };
                let sizes = f64::from(large.tickets) / f64::from(small.tickets);
                write!(text, "  {name} {:.2}", (after / before).ln() / sizes.ln())?;
            }
            writeln!(text)?;
        }
    }
    Ok(())
}

/// A time of a row.
type Figure = fn(&Row) -> Option<f64>;

const FIGURES: [Figure; 4] = [
    |row| Some(row.plan_ms),
    |row| row.entry.map(|it| it.waits),
    |row| row.entry.map(|it| it.matched),
    |row| row.entry.map(|it| it.slowest),
];
