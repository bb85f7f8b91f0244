//! Tests the replay of queue logs: figures computed by hand, near-optimal pairs, the output of the command.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::matching::{Cohort, ExactOptions, GOAL, Replay, exact, percent, replay};
use xtask::program;
use xtask::root::Root;

/// Eight players in a pool whose window widens by 10 points a second.
///
/// - a and c are 50 apart: matched when c comes (3 s, 0 s). So are b and d (3 s, 0 s).
/// - f speaks English; e wants French, and gives way after 20 s: matched then (20 s, 19 s), 20 apart.
/// - g is too far from all others and waits 2 s; h leaves after 4 s.
const LOG: &str = r#"at,player,op,rating,lang,wants,patience_s
0,p_a,enter,1500,en,,
1000,p_b,enter,1700,en,,
3000,p_c,enter,1550,fr,,
4000,p_d,enter,1750,fr,,5
5000,p_e,enter,1500,en,"[{""attr"":""lang"",""is"":""fr"",""relax"":{""after_s"":20}}]",
6000,p_f,enter,1520,en,,
7000,p_g,enter,2500,en,,2
8000,p_h,enter,3000,fr,,
12000,p_h,leave,,,,
"#;
const POOL: &str = "seats = 2\nrating = { within = 100, widen_per_s = 10, at_most = 400 }\n";

/// Makes a folder for one test, with the log and the pool.
fn folder(name: &str) -> Result<PathBuf> {
    let dir = Root::here().path(&format!("target/tests/matching-{name}"));
    fs::create_dir_all(&dir)?;
    fs::write(dir.join("log.csv"), LOG)?;
    fs::write(dir.join("pool.toml"), POOL)?;
    Ok(dir)
}

#[test]
fn replay_of_a_small_log_has_the_figures_computed_by_hand() -> Result<()> {
    let dir = folder("by-hand")?;
    let pool = dir.join("pool.toml");
    let mut asked = Replay::of(&dir.join("log.csv"), &[&pool.to_string_lossy()]);
    asked.by = vec!["lang".parse::<Cohort>().map_err(anyhow::Error::msg)?];
    asked.compare = true;
    let report = replay(&Root::here(), &asked)?;
    let text = report.to_string();
    let ours = report.runs.first().context("a run")?;
    let all = &ours.all;
    assert_eq!((all.people, all.matched, all.unmatched()), (8, 6, 2), "{text}");
    assert_eq!((all.left, all.gave_up, all.expired), (1, 1, 0), "{text}");
    let waits = [all.wait_ms.p50, all.wait_ms.p90, all.wait_ms.p99, all.wait_ms.max];
    assert_eq!(format!("{waits:?}"), "[3000.0, 20000.0, 20000.0, 20000.0]");
    assert_eq!(format!("{:.1} {:.1}", all.gap.mean, all.gap.p90), "40.0 50.0");
    assert_eq!((all.wants, all.relaxed, all.passed_over), (1, 1, 0));
    assert_eq!(all.longest_ms, 20_000);
    let french = ours.cohorts.get("lang").and_then(|by| by.get("fr")).context("the cohort fr")?;
    assert_eq!((french.people, french.matched, french.left), (3, 2, 1));
    // First come, first served pairs all that wait: a and b, c and d, e and f, g and h.
    let fifo = report.runs.get(1).context("first come")?;
    assert_eq!((fifo.all.matched, fifo.all.gap.mean.round()), (8, 230.0), "{text}");
    // Nakama's matcher runs at 15 s, when d, g and h have left.
    let nakama = report.runs.get(2).context("Nakama")?;
    assert_eq!((nakama.all.gave_up, nakama.all.left), (2, 1), "{text}");
    ensure!(nakama.waits.iter().all(|wait| *wait >= 9000), "{text}");
    Ok(())
}

/// Checks that the rating gaps of pairs are close to the minimum when many players wait at once.
#[test]
fn pairs_are_close_to_the_optimum() -> Result<()> {
    // Small samples vary, so they have many snapshots.
    for (sizes, seeds) in [(vec![4, 10], 400), (vec![50], 60), (vec![200], 12)] {
        let rows = 4 * sizes.len();
        let asked = ExactOptions { pool: "ranked".into(), sizes, seeds, age_s: 60 };
        let comparison = exact(&Root::here(), &asked)?;
        let worst = comparison.worst().context("a row")?;
        ensure!(worst.ratio() <= GOAL, "{comparison}");
        // Exchanging partners does not change the set of matched players, so the limit for the same players
        // is narrow.
        for row in &comparison.rows {
            ensure!(row.same_ratio() <= 1.05, "{comparison}");
        }
        ensure!(comparison.rows.len() == rows, "{comparison}");
    }
    Ok(())
}

/// Checks that half of the players wait no longer than the median that they were told, and nine of ten no longer than the
/// 90th percentile: also those of rare ratings.
#[test]
fn estimates_of_waits_hold_for_common_and_rare_ratings() -> Result<()> {
    let dir = folder("estimates")?;
    let program = program::build(&Root::here(), "Building xtask", "xtask", &[])?;
    let mut generate = Command::new(&program);
    generate.args(["match", "generate", "--kind", "poisson", "--people", "10000", "--per-minute", "120"]);
    let status = generate.args(["--out", "many.csv"]).current_dir(&dir).status()?;
    ensure!(status.success(), "no log was generated");
    let mut asked = Replay::of(&dir.join("many.csv"), &["ranked"]);
    asked.by = vec!["rating:400".parse::<Cohort>().map_err(anyhow::Error::msg)?];
    let report = replay(&Root::here(), &asked)?;
    let run = report.runs.first().context("a run")?;
    let groups = run.cohorts.get("rating").context("the ratings")?;
    let many: Vec<_> = groups.values().filter(|group| group.estimated >= 100).collect();
    ensure!(many.len() >= 3, "{report}");
    for group in many {
        let (half, most) =
            (percent(group.within_p50, group.estimated), percent(group.within_p90, group.estimated));
        ensure!((42.0..=62.0).contains(&half) && (82.0..=96.0).contains(&most), "{half} {most}\n{report}");
    }
    Ok(())
}

/// Runs the command as a user does, and compares its output as text, as JSON and as a page.
#[test]
fn command_writes_the_same_figures_as_text_json_and_page() -> Result<()> {
    let dir = folder("command")?;
    let program = program::build(&Root::here(), "Building xtask", "xtask", &[])?;
    let run = |words: &[&str]| -> Result<String> {
        let output = Command::new(&program).arg("match").args(words).current_dir(&dir).output()?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{error}");
        Ok(String::from_utf8(output.stdout)?)
    };
    let text = run(&[
        "--log",
        "log.csv",
        "--pool",
        "pool.toml",
        "--pool",
        "speed-dating",
        "--by",
        "rating:500",
        "--shards",
        "2",
        "--compare",
        "--json",
        "report.json",
        "--html",
        "report.html",
    ])?;
    ensure!(text.contains("6 (75.0 %)") && text.contains("pool × 2"), "{text}");
    let report: Value = serde_json::from_str(&fs::read_to_string(dir.join("report.json"))?)?;
    assert_eq!(report["runs"][0]["all"]["matched"], 6);
    assert_eq!(report["runs"][0]["cohorts"]["rating"]["1500–2000"]["people"], 6);
    let page = fs::read_to_string(dir.join("report.html"))?;
    ensure!(page.contains("<svg") && page.contains("6 (75.0 %)"), "no plots");
    ensure!(!page.contains("http://") && !page.contains("https://"), "the page fetches a resource");

    fs::write(dir.join("bad.csv"), "at,player,rating\n0,p_a,high\n")?;
    let error = run(&["--log", "bad.csv"]).unwrap_err().to_string();
    ensure!(error.contains("bad.csv") && error.contains("line 2, column rating"), "{error}");
    run(&["generate", "--kind", "rush", "--people", "50", "--out", "made.jsonl"])?;
    let text = run(&["--log", "made.jsonl", "--pool", "speed-dating"])?;
    ensure!(text.contains("50 (100.0 %)"), "{text}");
    Ok(())
}
