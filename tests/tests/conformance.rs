//! Does our own server keep the wire's rules, and does docs/protocol.md have them all?

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use shared::protocol::Close;
use tests::stack;
use xtask::conformance::{Subject, Verdict, checks, examine};
use xtask::root::Root;
use xtask::wire::Server;

#[path = "edge/mint.rs"]
mod mint;

#[tokio::test]
async fn our_server_keeps_every_rule() -> Result<()> {
    let stack = stack::start().await?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let subject = Subject { expired: Some(mint::expired(stack.data())?), server, players: Vec::new() };
    let report = examine(subject, "").await;
    println!("{report}");
    ensure!(report.is_fine(), "{report}");
    let all = report.count(&Verdict::is_pass);
    ensure!(all == checks().len(), "not every check was made:\n{report}");
    Ok(())
}

fn doc() -> Result<String> {
    Ok(fs::read_to_string(Root::here().path("docs/protocol.md"))?)
}

/// Every `W-…` in a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let number = |(at, _): (usize, &str)| text.get(at..at + 5);
    text.match_indices("W-")
        .filter_map(number)
        .filter(|number| number[2..].chars().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_has_its_check_and_every_check_its_rule() -> Result<()> {
    let all = checks();
    let checked: BTreeSet<String> = all.iter().map(|one| one.number.to_owned()).collect();
    ensure!(checked.len() == all.len(), "a number is used twice");
    let written = numbers(&doc()?);
    let unwritten: Vec<_> = checked.difference(&written).collect();
    let unchecked: Vec<_> = written.difference(&checked).collect();
    ensure!(unwritten.is_empty(), "docs/protocol.md has no {unwritten:?}");
    ensure!(unchecked.is_empty(), "no check is {unchecked:?}");
    Ok(())
}

#[test]
fn every_close_code_is_documented() -> Result<()> {
    let doc = doc()?;
    for close in Close::ALL {
        let row = format!("| {} | `{}` |", close.code(), close.why());
        ensure!(doc.contains(&row), "docs/protocol.md has no row {row:?}");
    }
    Ok(())
}

#[test]
fn every_fault_code_is_documented() -> Result<()> {
    let source = fs::read_to_string(Root::here().path("shared/src/protocol/fault.rs"))?;
    let codes = source
        .split_once("pub enum Code {")
        .and_then(|(_, rest)| rest.split_once("\n}"))
        .map_or("", |(codes, _)| codes);
    let doc = doc()?;
    let names = codes.lines().filter_map(|line| line.trim().strip_suffix(','));
    let mut count = 0;
    for name in names {
        let mut code = String::new();
        for c in name.chars() {
            if c.is_uppercase() && !code.is_empty() {
                code.push('_');
            }
            code.extend(c.to_lowercase());
        }
        ensure!(doc.contains(&format!("| `{code}` |")), "docs/protocol.md has no row for `{code}`");
        count += 1;
    }
    ensure!(count > 10, "the codes were not found in their source");
    Ok(())
}
