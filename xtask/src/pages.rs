//! Builds the pages, the SDK and the edge's OpenAPI page: bundles TypeScript for browsers and copies the
//! other files.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::build_stamp::BuildStamp;
use crate::openapi;
use crate::predict;
use crate::progress;
use crate::root::Root;
use crate::tools::node;

const WEB: &str = "edge/web";
const SDK: &str = "sdk/src";
/// The edge's OpenAPI document and the page that shows it, with their names among the pages.
const DOCUMENT: [(&str, &str); 4] = [
    (openapi::EDGE, "openapi.json"),
    ("docs/page/docs.html", "docs.html"),
    ("docs/page/docs.js", "docs.js"),
    ("docs/page/docs.css", "docs.css"),
];
const FLAGS: &[&str] = &[
    "--bundle",
    "--format=esm",
    "--minify",
    "--sourcemap",
    "--target=es2022",
    "--charset=utf8",
    "--log-level=warning",
];

/// Builds the pages into `target/pages` if a source changed. Each `edge/web/*.ts` becomes a script of its
/// name, and so does the `app.ts` of a folder with a page, such as `admin`; `sdk/src/index.ts` becomes `sdk.js`. If the build fails, the previous pages stay.
pub fn build(root: &Root) -> Result<()> {
    let module = predict::build(root)?;
    let mut sources =
        vec![WEB, SDK, "edge/tsconfig.json", "package-lock.json", "target/predict/predict.wasm"];
    sources.extend(DOCUMENT.map(|(file, _)| file));
    let stamp = BuildStamp::of(root, "pages", &sources, FLAGS)?;
    if stamp.is_current() && root.pages().is_dir() {
        return Ok(());
    }
    let node = node::ensure(root)?;
    let fresh = root.path("target/xtask/pages");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;

    let scripts = copy(&root.path(WEB), &fresh)?;
    for (file, name) in DOCUMENT {
        fs::copy(root.path(file), fresh.join(name)).with_context(|| format!("cannot copy {file}"))?;
    }
    fs::copy(&module, fresh.join("predict.wasm")).context("cannot copy the predictions")?;
    if !scripts.is_empty() {
        let mut bundle = Command::new(&node.esbuild);
        bundle.args(FLAGS).arg(format!("--outbase={WEB}")).arg("--outdir=target/xtask/pages");
        bundle.args(&scripts).current_dir(root.dir());
        progress::run("Bundling the pages", &mut bundle)?;
    }
    if root.path(SDK).join("index.ts").is_file() {
        let mut bundle = Command::new(&node.esbuild);
        bundle.args(FLAGS).arg("--outfile=target/xtask/pages/sdk.js").arg(format!("{SDK}/index.ts"));
        progress::run("Bundling the SDK", bundle.current_dir(root.dir()))?;
    }

    if root.pages().exists() {
        fs::remove_dir_all(root.pages())?;
    }
    fs::rename(&fresh, root.pages())?;
    stamp.record()
}

/// Copies the files that browsers load unchanged; returns the scripts to bundle, by their names from the
/// root.
fn copy(web: &Path, to: &Path) -> Result<Vec<String>> {
    let mut scripts = Vec::new();
    if !web.is_dir() {
        return Ok(scripts);
    }
    for entry in WalkDir::new(web).sort_by_file_name() {
        let entry = entry?;
        let name = entry.path().strip_prefix(web)?;
        let is_script = name.extension().is_some_and(|ending| ending == "ts");
        if entry.file_type().is_dir() {
            fs::create_dir_all(to.join(name))?;
        } else if is_script && (entry.depth() == 1 || name.ends_with("app.ts")) {
            scripts.push(format!("{WEB}/{}", name.display()));
        } else if !is_script && name != Path::new("tsconfig.json") {
            fs::copy(entry.path(), to.join(name))
                .with_context(|| format!("cannot copy {}", name.display()))?;
        }
    }
    Ok(scripts)
}
