//! Checks that the links of the documents, and those of llms.txt, lead to files and headings that exist.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use xtask::ops::rules::anchor;
use xtask::root::Root;

use crate::blocks;

/// The index for language models, whose links are read like those of a document.
const INDEX: &str = "llms.txt";
/// The beginning of every guide's file name.
const GUIDES: &str = "docs/guides/";

/// Returns the targets of the links of a text outside of its code.
fn targets(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let prose = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    prose.flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next()).collect()
}

/// Returns the anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn check(file: &str, target: &str) -> Result<()> {
    let root = Root::here();
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(file).parent().context("no folder")?;
    let to = if path.is_empty() { root.path(file) } else { root.dir().join(folder).join(path) };
    ensure!(to.exists(), "{file} links to {target}, which is not there");
    if !anchor.is_empty() && to.extension().is_some_and(|end| end == "md") {
        let known = anchors(&fs::read_to_string(&to)?);
        ensure!(
            known.iter().any(|known| known == anchor),
            "{file} links to {target}, which has no such heading"
        );
    }
    Ok(())
}

#[test]
fn links_lead_to_files_and_headings() -> Result<()> {
    let (mut faults, mut count) = (Vec::new(), 0);
    for file in blocks::documents()?.into_iter().chain([INDEX.to_owned()]) {
        let text = fs::read_to_string(Root::here().path(&file))?;
        for target in targets(&text).into_iter().filter(|target| !target.contains("://")) {
            count += 1;
            faults.extend(check(&file, target).err().map(|error| error.to_string()));
        }
    }
    ensure!(count > 40, "only {count} links");
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[test]
fn the_index_names_every_document() -> Result<()> {
    let index = fs::read_to_string(Root::here().path(INDEX))?;
    let known = targets(&index);
    let is_named = |file: &String| known.contains(&file.as_str());
    let missing: Vec<String> = blocks::documents()?
        .into_iter()
        .filter(|file| file.starts_with("docs/") || !file.contains('/') || file == "sdk/README.md")
        .filter(|file| !is_named(file))
        .collect();
    ensure!(missing.is_empty(), "{INDEX} does not name {}", missing.join(", "));
    Ok(())
}

#[test]
fn guides_are_short_and_linked_from_the_readme() -> Result<()> {
    let readme = fs::read_to_string(Root::here().path("README.md"))?;
    for file in blocks::documents()?.into_iter().filter(|file| file.starts_with(GUIDES)) {
        ensure!(targets(&readme).contains(&file.as_str()), "README.md does not link to {file}");
        let lines = fs::read_to_string(Root::here().path(&file))?.lines().count();
        ensure!(lines <= 150, "{file} has {lines} lines, at most 150: a guide is one task");
    }
    Ok(())
}

#[test]
fn a_link_to_nothing_is_found() {
    assert!(check("README.md", "docs/protocol.md#welcome").is_ok());
    assert!(check("docs/replay.md", "protocol.md").is_ok());
    assert!(check("README.md", "docs/protocols.md").is_err());
    assert!(check("README.md", "docs/protocol.md#nothing").is_err());
    assert_eq!(targets("[a](b) x [c](d#e)\n```\n[f](g)\n```\n"), ["b", "d#e"]);
}
