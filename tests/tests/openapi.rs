//! Do the documents of edge and region say what is answered there?

#[path = "openapi/examples.rs"]
mod examples;

use std::collections::BTreeSet;
use std::fs;

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
fn the_edges_document_is_of_its_paths() -> Result<()> {
    let made = edge(&read(REGION)?)?;
    ensure!(read(EDGE)? == made, "{EDGE} is of other paths: run `cargo xtask openapi`");
    let paths = made["paths"].as_object().context("paths")?;
    for &path in Path::ALL {
        let known = paths.contains_key(path.template());
        ensure!(known || path == Path::Nothing, "{path:?} is not described");
    }
    for (path, item) in paths {
        // Whoever answers GET answers HEAD, without being asked to.
        let taken = Path::of(path).allow().split(", ");
        let taken: BTreeSet<String> =
            taken.filter(|method| *method != "HEAD").map(str::to_lowercase).collect();
        let said: BTreeSet<String> = item.as_object().into_iter().flatten().map(|it| it.0.clone()).collect();
        ensure!(taken == said, "{path}: {said:?} in place of {taken:?}");
    }
    Ok(())
}

#[test]
fn every_code_of_the_edge_is_in_its_document() -> Result<()> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(Root::here().path("edge/src"))? {
        let text = fs::read_to_string(entry?.path())?;
        for (at, call) in text.match_indices("refused(") {
            let call = text[at + call.len()..].trim_start();
            // `refused(status, "code", …)`: what has no status is another function, what has no quotes another's word.
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
    assert!(found.len() > 8, "the sources are read: {found:?}");
    // What the edge reads of the region's refusals reaches nobody.
    found.remove("region_refused");
    for code in found {
        ensure!(CODES.contains(&code.as_str()), "{code}");
    }
    Ok(())
}
