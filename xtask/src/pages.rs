//! The pages, the SDK and the edge's document: TypeScript bundled for browsers, everything else copied.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::openapi;
use crate::progress;
use crate::root::Root;
use crate::stamp::Stamp;
use crate::tools::node;

const WEB: &str = "edge/web";
const SDK: &str = "edge/sdk";
/// The edge's document, and the page that shows it: under these names, beside the others.
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

/// Builds the pages into `target/pages`, unless they are of these sources already. Each `edge/web/*.ts` becomes a
/// script of its name, `edge/sdk/index.ts` becomes `sdk.js`. A faulty source leaves the last good pages in place.
pub fn build(root: &Root) -> Result<()> {
    let mut sources = vec![WEB, SDK, "package-lock.json"];
    sources.extend(DOCUMENT.map(|(file, _)| file));
    let stamp = Stamp::of(root, "pages", &sources, FLAGS)?;
    if stamp.holds() && root.pages().is_dir() {
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
    if !scripts.is_empty() {
        let mut bundle = Command::new(&node.esbuild);
        bundle.args(FLAGS).arg("--outdir=target/xtask/pages").args(&scripts).current_dir(root.dir());
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
    stamp.keep()
}

/// Copies what browsers take as it is; returns the scripts to bundle, by their names from the root.
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
        } else if is_script && entry.depth() == 1 {
            scripts.push(format!("{WEB}/{}", name.display()));
        } else if !is_script && name != Path::new("tsconfig.json") {
            fs::copy(entry.path(), to.join(name))
                .with_context(|| format!("cannot copy {}", name.display()))?;
        }
    }
    Ok(scripts)
}
