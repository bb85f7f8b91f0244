//! The reports of the package's API, one for each of its entries, which are committed so that a review sees each change.

use std::fs;

use anyhow::{Context, Result};
use serde_json::json;

use super::package;
use crate::progress;
use crate::root::Root;
use crate::tools::node;

/// The entries of the package, each with its declarations.
const ENTRIES: &[(&str, &str)] = &[
    ("client", "index.d.ts"),
    ("region", "region/index.d.ts"),
    ("presence", "presence/index.d.ts"),
    ("react", "react/index.d.ts"),
    ("test", "test/index.d.ts"),
    ("predict", "predict/index.d.ts"),
];
/// The directory of the new reports.
const WORK: &str = "target/sdk/api";

/// Fails if a report differs from the package.
pub fn check(root: &Root) -> Result<()> {
    run(root, false)
        .context("The API differs from its report in sdk/api: look at it, and run `cargo xtask sdk report`")
}

/// Writes the reports.
pub fn write(root: &Root) -> Result<()> {
    run(root, true)
}

fn run(root: &Root, writes: bool) -> Result<()> {
    let package = package::build(root)?;
    let node = node::ensure(root)?;
    let reports = root.path("sdk/api");
    fs::create_dir_all(root.path(WORK))?;
    fs::create_dir_all(&reports)?;
    for (name, declarations) in ENTRIES {
        // Messages that are not about the API itself are left out: the doc comments are not those of TSDoc.
        let silent = json!({ "logLevel": "none" });
        let config = json!({
            "mainEntryPointFilePath": package.join("dist").join(declarations),
            "projectFolder": package,
            "compiler": { "tsconfigFilePath": root.path("sdk/tsconfig.json") },
            "apiReport": {
                "enabled": true,
                "reportFileName": format!("{name}.api.md"),
                "reportFolder": reports,
                "reportTempFolder": root.path(WORK),
            },
            "docModel": { "enabled": false },
            "dtsRollup": { "enabled": false },
            "tsdocMetadata": { "enabled": false },
            "newlineKind": "lf",
            "messages": {
                "extractorMessageReporting": {
                    "default": { "logLevel": "error" },
                    "ae-missing-release-tag": silent,
                    "ae-wrong-input-file-type": silent,
                },
                "tsdocMessageReporting": { "default": silent },
            },
        });
        // In the package, because the tool takes the name of the nearest package; its tarball has no such file.
        let file = package.join(format!("api-{name}.json"));
        fs::write(&file, serde_json::to_string_pretty(&config)?)?;
        let mut extract = node.tool(root, "@microsoft/api-extractor/bin/api-extractor");
        extract.args(["run", "--config"]).arg(&file);
        extract.args(writes.then_some("--local"));
        progress::run(&format!("The API of {name}"), &mut extract)?;
    }
    Ok(())
}
