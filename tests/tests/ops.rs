//! Tests the alerts: the generated files are current, promtool runs their tests, a planted fault of any alert fails them, and the
//! runbook has a heading for each.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use xtask::cost::Prices;
use xtask::ops::cases::Case;
use xtask::ops::promtool::{MISSING, Promtool};
use xtask::ops::region::Region;
use xtask::ops::slo::Slo;
use xtask::ops::span::{Pace, Span};
use xtask::ops::{self, cases, grafana, rules};
use xtask::root::Root;

/// The headings of the runbook that have alerts, and those that have none.
const ALERTS: &str = "\n## Alerts\n";
const GENERAL: &str = "\n## General\n";

/// Returns promtool; none, and a sentence, only on a machine that cannot have it.
fn promtool() -> Result<Option<Promtool>> {
    let _lock = Root::here().lock()?;
    let found = Promtool::installed(&Root::here())?;
    if found.is_none() {
        eprintln!("{MISSING}");
    }
    Ok(found)
}

/// Changes a copy of the data, and returns the rules that are generated from it.
fn rules_with(slo: &Slo, prices: &Prices, change: impl FnOnce(&mut Slo)) -> Result<String> {
    let mut changed = slo.clone();
    change(&mut changed);
    rules::document(&changed, prices, Pace::REAL)
}

/// Makes every limit this many times looser.
fn loosen(slo: &mut Slo, factor: f64) {
    for burn in &mut slo.burns {
        burn.factor *= factor;
    }
    for alert in &mut slo.alerts {
        alert.limit = alert.limit.looser(factor);
    }
    for seen in slo.objectives.iter_mut().filter_map(|objective| objective.seen.as_mut()) {
        seen.floor *= factor;
    }
}

#[test]
fn generated_files_are_current() -> Result<()> {
    ops::check(&Root::here())
}

#[test]
fn rules_pass_their_tests() -> Result<()> {
    let Some(promtool) = promtool()? else { return Ok(()) };
    let report = promtool.test(&Root::here())?;
    ensure!(report.matches("SUCCESS").count() >= 4, "{report}");
    Ok(())
}

#[test]
fn planted_fault_of_each_alert_fails_its_tests() -> Result<()> {
    let Some(promtool) = promtool()? else { return Ok(()) };
    let root = Root::here();
    let (slo, prices) = (Slo::read(&root)?, Prices::of_any_age(&root)?);
    let folder = root.path("target/xtask/planted");
    // Only the tests that must fail are run.
    let fail = |what: &str, case: Case, rules: String, names: &BTreeSet<String>| -> Result<()> {
        let tests = cases::documents(&slo, &prices, &[case])?;
        let output = promtool.failures(&folder.join(what), &rules, &tests)?;
        let silent: Vec<&String> =
            names.iter().filter(|name| !output.contains(&format!("alertname: {name},"))).collect();
        ensure!(silent.is_empty(), "with {what}, no test fails of {silent:?}\n{output}");
        Ok(())
    };
    let scrape = BTreeSet::from([slo.scrape.alert.clone()]);
    let all: BTreeSet<String> = slo.headings().into_iter().map(|(name, _)| name).collect();
    let limited: BTreeSet<String> = all.difference(&scrape).cloned().collect();
    let burning: BTreeSet<String> = slo
        .objectives
        .iter()
        .flat_map(|objective| slo.burns.iter().map(|burn| objective.alert_of(burn)))
        .collect();
    let floored = slo.alerts.iter().filter(|alert| alert.floor > 0.0).map(|alert| alert.name.clone());
    let floored: BTreeSet<String> = burning.iter().cloned().chain(floored).collect();

    fail("looser limits", Case::Fires, rules_with(&slo, &prices, |slo| loosen(slo, 2.0))?, &limited)?;
    let stricter = rules_with(&slo, &prices, |slo| loosen(slo, 0.5))?;
    let missing = BTreeSet::from([slo.missing.alert.clone()]);
    let others = limited.difference(&missing).cloned().collect();
    fail("stricter limits", Case::Within, stricter.clone(), &others)?;
    fail("fewer events for a missing series", Case::Few, stricter, &missing)?;
    let no_floors = rules_with(&slo, &prices, |slo| {
        slo.objectives.iter_mut().for_each(|objective| objective.floor = 0.0);
        slo.alerts.iter_mut().for_each(|alert| alert.floor = 0.0);
    })?;
    fail("no floors", Case::Few, no_floors, &floored)?;
    let no_short =
        rules_with(&slo, &prices, |slo| slo.burns.iter_mut().for_each(|burn| burn.short = burn.long))?;
    fail("no short windows", Case::Fires, no_short, &burning)?;
    // A short burst has few events: the floors would hide the fault.
    let no_long = rules_with(&slo, &prices, |slo| {
        slo.objectives.iter_mut().for_each(|objective| objective.floor = 0.0);
        slo.burns.iter_mut().for_each(|burn| burn.long = burn.short);
    })?;
    fail("no long windows", Case::Burst, no_long, &burning)?;
    let at_once = rules_with(&slo, &prices, |slo| slo.scrape.hold = Span::from_secs(0))?;
    fail("no patience with a scrape", Case::Few, at_once, &scrape)
}

#[test]
fn queries_of_dashboards_and_runbook_are_valid() -> Result<()> {
    let Some(promtool) = promtool()? else { return Ok(()) };
    let root = Root::here();
    let (slo, prices, region) = (Slo::read(&root)?, Prices::of_any_age(&root)?, Region::read(&root)?);
    let runbook = fs::read_to_string(root.path(rules::RUNBOOK))?;
    let blocks = runbook.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut queries: Vec<String> = blocks.flat_map(str::lines).map(str::to_owned).collect();
    ensure!(queries.len() >= 30, "only {} queries in the runbook", queries.len());
    queries.extend(grafana::queries(&slo, &prices, &region));
    let record = |queries: &[String]| {
        let rule = |(at, query): (usize, &String)| {
            format!("  - {{record: \"q:{at}\", expr: {}}}\n", serde_json::Value::from(query.as_str()))
        };
        let rules: String = queries.iter().enumerate().map(rule).collect();
        format!("groups:\n- name: queries\n  rules:\n{rules}")
    };
    let folder = root.path("target/xtask/queries");
    fs::create_dir_all(&folder)?;
    let file = folder.join("rules.yml");
    fs::write(&file, record(&queries))?;
    promtool.check_rules(&file)?;
    fs::write(&file, record(&["sum(rate(a[5m])".to_owned()]))?;
    ensure!(promtool.check_rules(&file).is_err(), "a wrong query is accepted");
    Ok(())
}

#[test]
fn runbook_has_a_heading_for_each_alert() -> Result<()> {
    let root = Root::here();
    let (slo, region) = (Slo::read(&root)?, Region::read(&root)?);
    let text = fs::read_to_string(root.path(rules::RUNBOOK))?;
    let (_, rest) = text.split_once(ALERTS).context("no part about alerts")?;
    let (alerts, general) = rest.split_once(GENERAL).context("no general part")?;
    let headings = |part: &str| -> BTreeSet<String> {
        part.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect()
    };
    let mut named: BTreeSet<String> =
        slo.headings().iter().map(|(_, heading)| (*heading).to_owned()).collect();
    named.extend(region.alarms.iter().map(|alarm| alarm.runbook.clone()));
    let found = headings(alerts);
    let missing: Vec<_> = named.difference(&found).collect();
    ensure!(missing.is_empty(), "docs/runbook.md has no heading {missing:?} under Alerts");
    let spare: Vec<_> = found.difference(&named).collect();
    ensure!(spare.is_empty(), "no alert leads to {spare:?}: put it under General, or remove it");
    ensure!(headings(general).len() >= 5, "the general part is incomplete");
    // Each page names its alerts, and answers the same five questions.
    for page in alerts.split("\n### ").skip(1) {
        let title = page.lines().next().unwrap_or_default();
        for part in ["**Symptom.**", "**For people.**", "**Look.**", "**Do.**", "**Over when**"] {
            ensure!(page.contains(part), "{title} has no {part}");
        }
        let alerts = slo.headings();
        let of_page = alerts.iter().filter(|(_, heading)| *heading == title).map(|(name, _)| name);
        let alarms = region.alarms.iter().filter(|alarm| alarm.runbook == title).map(|alarm| &alarm.name);
        for name in of_page.chain(alarms) {
            ensure!(page.contains(&format!("`{name}`")), "{title} does not name {name}");
        }
    }
    Ok(())
}

#[test]
fn configuration_of_prometheus_has_no_token() -> Result<()> {
    let text = fs::read_to_string(Root::here().path(ops::prometheus::FILE))?;
    ensure!(text.contains("credentials_file: metrics-token"), "{text}");
    ensure!(!text.contains("credentials:") && !text.contains("bearer_token:"), "{text}");
    Ok(())
}
#[test]
fn every_series_of_the_objectives_is_documented() -> Result<()> {
    let root = Root::here();
    let (slo, protocol) =
        (fs::read_to_string(root.path(ops::slo::FILE))?, fs::read_to_string(root.path("docs/protocol.md"))?);
    let words = slo.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names: BTreeSet<&str> = words.filter(|word| word.starts_with("matchpoint_")).collect();
    ensure!(names.len() >= 15, "only {} series", names.len());
    let unknown: Vec<_> = names.into_iter().filter(|name| !protocol.contains(&format!("`{name}"))).collect();
    ensure!(unknown.is_empty(), "docs/protocol.md does not have {unknown:?}: the edge does not report them");
    Ok(())
}
