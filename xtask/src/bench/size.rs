//! `cargo xtask bench size`: what takes the Worker's WebAssembly, by crate and by kind of code, and what a fresh isolate
//! costs.

mod module;
mod origin;
mod start;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, ensure};
use clap::Args;
use flate2::Compression;
use tokio::task::spawn_blocking;

use crate::artifacts;
use crate::root::Root;
use crate::worker::{self, Size as FileSize, gzipped};
use module::Module;

/// Rows of a table; what is smaller is added up in its last row.
const ROWS: usize = 24;

/// Tells what takes the Worker's WebAssembly, and measures what a fresh isolate costs.
///
/// The module is built once more with its names kept. Sizes are of the function bodies after all optimizations; the
/// gzipped size of a row is that of its bodies alone, so the rows add up to a little more than the whole.
#[derive(Debug, Clone, Args)]
pub struct Size {
    /// Largest functions to list
    #[arg(long, default_value_t = 20)]
    functions: usize,
    /// Fresh starts of workerd to measure; 0 measures none
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// Tells of this module, which must have names, and builds none
    #[arg(long, value_name = "FILE")]
    module: Option<std::path::PathBuf>,
}

impl Size {
    pub(super) async fn run(&self, root: &Root) -> Result<String> {
        if let Some(file) = &self.module {
            return describe(&fs::read(file)?, self.functions);
        }
        let here = root.clone();
        let (size, module) = spawn_blocking(move || -> Result<(FileSize, Vec<u8>)> {
            let size = artifacts::edge(&here)?;
            Ok((size, named(&here)?))
        })
        .await??;
        let mut text = format!("The Worker: {size}\n\n{}", describe(&module, self.functions)?);
        if self.starts > 0 {
            let _ = write!(text, "\n{}", start::measure(root, self.starts).await?);
        }
        Ok(text)
    }
}

/// Builds the Worker with its names, beside the one that is deployed, and returns its module.
fn named(root: &Root) -> Result<Vec<u8>> {
    Ok(fs::read(worker::build_named(root, &root.path("target/size"))?)?)
}

/// Returns the tables of a module.
fn describe(bytes: &[u8], functions: usize) -> Result<String> {
    let module = Module::read(bytes)?;
    let named = module.functions.iter().filter(|function| function.name.is_some()).count();
    ensure!(named * 2 > module.functions.len(), "the module has no names");
    let mut text = String::from("| section | KiB | gzipped |\n|---|---|---|\n");
    for (name, bytes) in &module.sections {
        let _ = writeln!(
            text,
            "| {name} | {} | {} |",
            kib(bytes.len()),
            kib(gzipped(bytes, Compression::default())?)
        );
    }
    text.push_str(&table(&module, "crate", |name| origin::crate_of(name).to_owned())?);
    text.push_str(&table(&module, "kind of code", |name| origin::kind_of(name).to_owned())?);
    let mut largest: Vec<_> = module.functions.iter().collect();
    largest.sort_by_key(|function| std::cmp::Reverse(function.body.len()));
    text.push_str("\n| KiB | function |\n|---|---|\n");
    for function in largest.into_iter().take(functions) {
        let name = origin::readable(function.name.unwrap_or("?"));
        let _ = writeln!(text, "| {} | `{name}` |", kib(function.body.len()));
    }
    Ok(text)
}

/// The functions of one row.
#[derive(Default)]
struct Row {
    functions: usize,
    bodies: Vec<u8>,
    /// Bytes of the functions that exist for types of this project.
    ours: usize,
}

fn table(module: &Module, title: &str, group: impl Fn(&str) -> String) -> Result<String> {
    let mut groups: BTreeMap<String, Row> = BTreeMap::new();
    for function in &module.functions {
        let name = function.name.unwrap_or_default();
        let row = groups.entry(group(name)).or_default();
        row.functions += 1;
        row.bodies.extend_from_slice(function.body);
        row.ours += if origin::is_for_us(name) { function.body.len() } else { 0 };
    }
    let mut rows: Vec<(String, Row)> = groups.into_iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.bodies.len()));
    let mut rest = Row::default();
    for (_, row) in rows.drain(rows.len().min(ROWS)..) {
        rest.functions += row.functions;
        rest.bodies.extend(row.bodies);
        rest.ours += row.ours;
    }
    if rest.functions > 0 {
        rows.push(("all others".to_owned(), rest));
    }
    let mut text = format!(
        "\n| {title} | functions | KiB | gzipped | for types of ours, KiB |\n|---|---|---|---|---|\n"
    );
    for (name, row) in rows {
        let size = row.bodies.len();
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            row.functions,
            kib(size),
            kib(gzipped(&row.bodies, Compression::default())?),
            kib(row.ours)
        );
    }
    Ok(text)
}

/// Formats bytes as KiB with one decimal place.
#[allow(clippy::cast_precision_loss, reason = "sizes of modules are small")]
fn kib(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}
