//! Checks blocks of data, excerpts of files, and trees of folders.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use shared::pool;
use xtask::root::Root;

use crate::blocks::{self, Block, Kind};

/// Fails with all blocks of a kind that a check refuses.
fn check_all(kind: Kind, check: impl Fn(&Block) -> Result<()>) -> Result<()> {
    let mut faults = Vec::new();
    for block in blocks::of_kind(kind)? {
        if let Err(error) = check(&block) {
            faults.push(format!("{}: {error:#}", block.place()));
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

fn check_data(block: &Block) -> Result<()> {
    let text = &block.text;
    match block.language.as_str() {
        "json" if serde_json::from_str::<Value>(text).is_ok() => Ok(()),
        "json" => text.lines().try_for_each(|line| {
            serde_json::from_str::<Value>(line).map(drop).with_context(|| line.to_owned())
        }),
        "toml" if block.settings.contains_key("pool") => {
            let table: toml::Table = toml::from_str(text)?;
            // The pools of a whole configuration, or the content of one section.
            let pools = table.get("vars").and_then(|vars| vars.get("POOLS")).and_then(toml::Value::as_table);
            let pools = pools.map_or_else(
                || vec![toml::Value::Table(table.clone())],
                |pools| pools.values().cloned().collect(),
            );
            pools.iter().try_for_each(|pool| {
                let value = serde_json::to_value(pool)?;
                pool::read_one("pool", value).map(drop).map_err(anyhow::Error::msg)
            })
        }
        "toml" => Ok(toml::from_str::<toml::Table>(text).map(drop)?),
        "csv" => {
            let commas =
                |line: &str| line.split('"').step_by(2).map(|part| part.matches(',').count()).sum::<usize>();
            let columns = text.lines().next().map(commas).context("an empty table")?;
            ensure!(text.lines().all(|line| commas(line) == columns), "a line has another number of columns");
            Ok(())
        }
        other => bail!("no check for {other}"),
    }
}

/// Checks that a file has the lines of a block, apart from indentation. A line `…` stands for lines that are left out.
fn check_excerpt(block: &Block) -> Result<()> {
    let file = block.settings.get("from").context("no file")?;
    let text =
        fs::read_to_string(Root::here().path(file)).with_context(|| format!("{file} cannot be read"))?;
    let (lines, excerpt): (Vec<&str>, Vec<&str>) =
        (text.lines().map(str::trim).collect(), block.text.lines().map(str::trim).collect());
    let mut from = 0;
    let is_gap = |line: &&str| line.trim_start_matches(['/', '#', ' ']) == "…";
    for part in excerpt.split(is_gap).filter(|part| !part.is_empty()) {
        let rest = lines.get(from..).unwrap_or_default();
        let found = rest.windows(part.len()).position(|window| window == part);
        let at = found.with_context(|| format!("{file} does not have these lines:\n{}", part.join("\n")))?;
        from += at + part.len();
    }
    Ok(())
}

#[test]
fn data_has_the_right_format() -> Result<()> {
    check_all(Kind::Data, check_data)
}

#[test]
fn excerpts_are_in_their_files() -> Result<()> {
    check_all(Kind::Excerpt, check_excerpt)
}

#[test]
fn trees_name_folders_that_exist() -> Result<()> {
    check_all(Kind::Tree, |block| {
        let names = block.text.lines().filter_map(|line| line.split_whitespace().next());
        let missing: Vec<&str> = names.filter(|name| !Root::here().path(name).exists()).collect();
        ensure!(missing.is_empty(), "there is no {}", missing.join(", "));
        Ok(())
    })
}

#[test]
fn a_wrong_pool_and_a_changed_excerpt_are_found() {
    let block = |info: &str, text: &str| blocks::of("a.md", &format!("```{info}\n{text}\n```")).remove(0);
    assert!(check_data(&block("toml pool", "seats = 2")).is_ok());
    assert!(check_data(&block("toml pool", "seats = \"two\"")).is_err());
    assert!(check_data(&block("json", "{\"a\":1}\n{\"b\":")).is_err());
    let excerpt = |text| check_excerpt(&block("toml from=tests/Cargo.toml", text));
    assert!(excerpt("[package]\nname = \"tests\"\n# …\n[lib]").is_ok());
    assert!(excerpt("[package]\nname = \"test\"").is_err());
    assert!(excerpt("[lib]\n# …\n[package]").is_err());
}
