//! Tests the OpenAPI documents of edge and region against their routes, codes and answers.

#[path = "openapi/examples.rs"]
mod examples;
#[path = "openapi/style.rs"]
mod style;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use shared::http::Path;
use shared::http::openapi::CODES;
use xtask::openapi::{EDGE, REGION, edge, operations};
use xtask::root::Root;

fn read(file: &str) -> Result<Value> {
    let text = fs::read_to_string(Root::here().path(file));
    Ok(serde_json::from_str(&text.with_context(|| file.to_owned())?)?)
}

#[test]
fn edge_document_matches_its_paths() -> Result<()> {
    let made = edge(&read(REGION)?)?;
    ensure!(read(EDGE)? == made, "{EDGE} is out of date: run `cargo xtask openapi`");
    let paths = made["paths"].as_object().context("paths")?;
    for &path in Path::ALL {
        let known = paths.contains_key(path.template());
        ensure!(known || path == Path::Unknown, "{path:?} is not described");
    }
    for (path, item) in paths {
        // Every GET path answers HEAD too, implicitly.
        let taken = Path::of(path).allow().split(", ");
        let taken: BTreeSet<String> =
            taken.filter(|method| *method != "HEAD").map(str::to_lowercase).collect();
        let said: BTreeSet<String> = item.as_object().into_iter().flatten().map(|it| it.0.clone()).collect();
        ensure!(taken == said, "{path}: {said:?} in place of {taken:?}");
    }
    Ok(())
}

/// Returns the Rust files under a directory.
fn sources(dir: &std::path::Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[test]
fn every_code_of_the_edge_is_documented() -> Result<()> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for source in sources(&Root::here().path("edge/src"))? {
        let text = fs::read_to_string(source)?;
        for (at, call) in text.match_indices("refused(") {
            let call = text[at + call.len()..].trim_start();
            // Matches `refused(status, "code", …)`; other calls have no status or no literal code.
            let Some((status, rest)) = call.split_once(',') else {
                continue;
            };
            if status.parse::<u16>().is_ok()
                && let Some(code) = rest.trim_start().strip_prefix('"')
            {
                found.extend(code.split('"').next().map(str::to_owned));
            }
        }
    }
    assert!(found.len() > 8, "too few codes found: {found:?}");
    // An internal code for refusals of the region; it never leaves the edge.
    found.remove("region_refused");
    for code in found {
        ensure!(CODES.contains(&code.as_str()), "{code}");
    }
    Ok(())
}
