//! Tests that the server passes the conformance suite, and that docs/protocol.md documents every rule and
//! code.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use shared::wire::CloseCode;
use tests::stack;
use xtask::conformance::{Subject, Verdict, checks, run_checks};
use xtask::root::Root;
use xtask::wire::Server;

#[tokio::test]
async fn server_passes_every_conformance_check() -> Result<()> {
    let stack = stack::start().await?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let subject = Subject {
        server,
        players: Vec::new(),
        expired: Some(tests::tokens::expired(stack.data())?),
        expiring: Some((stack.data().to_owned(), tests::tokens::expiring)),
    };
    let report = run_checks(subject, "").await;
    println!("{report}");
    ensure!(report.is_success(), "{report}");
    let all = report.count(&Verdict::is_pass);
    ensure!(all == checks().len(), "some checks did not run:\n{report}");
    Ok(())
}

fn doc() -> Result<String> {
    Ok(fs::read_to_string(Root::here().path("docs/protocol.md"))?)
}

/// Returns every rule number `W-…` of a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let number = |(at, _): (usize, &str)| text.get(at..at + 5);
    text.match_indices("W-")
        .filter_map(number)
        .filter(|number| number[2..].chars().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_has_a_check_and_every_check_a_rule() -> Result<()> {
    let all = checks();
    let checked: BTreeSet<String> = all.iter().map(|one| one.number.to_owned()).collect();
    ensure!(checked.len() == all.len(), "a number is used twice");
    let written = numbers(&doc()?);
    let unwritten: Vec<_> = checked.difference(&written).collect();
    let unchecked: Vec<_> = written.difference(&checked).collect();
    ensure!(unwritten.is_empty(), "docs/protocol.md has no {unwritten:?}");
    ensure!(unchecked.is_empty(), "no check covers {unchecked:?}");
    Ok(())
}

#[test]
fn every_close_code_is_documented() -> Result<()> {
    let doc = doc()?;
    for close in CloseCode::ALL {
        let row = format!("| {} | `{}` |", close.code(), close.name());
        ensure!(doc.contains(&row), "docs/protocol.md has no row {row:?}");
    }
    Ok(())
}

#[test]
fn every_refusal_code_is_documented() -> Result<()> {
    let source = fs::read_to_string(Root::here().path("shared/src/wire/refusal.rs"))?;
    let codes = source
        .split_once("pub enum RefusalCode {")
        .and_then(|(_, rest)| rest.split_once("\n}"))
        .map_or("", |(codes, _)| codes);
    let doc = doc()?;
    let lines = codes.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let names = lines.filter_map(|line| line.strip_suffix(','));
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
