//! The sizes of the package as a page loads it: bundled, minified and compressed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use flate2::Compression;

use crate::progress;
use crate::root::Root;
use crate::tools::node;
use crate::worker::gzipped;

/// The imports of a page, each with the most bytes that it may add to the page.
const IMPORTS: &[(&str, &str, usize)] = &[
    (EVERYTHING, "export * from \"{dist}/index.js\";", 12_800),
    ("only rooms", "export { Room, Session } from \"{dist}/index.js\";", 10_496),
    ("only queues", "export { Lobby, Session } from \"{dist}/index.js\";", 8_832),
    ("only sessions", "export { Session } from \"{dist}/index.js\";", 3_136),
    (
        "`.` and ./presence",
        "export * from \"{dist}/index.js\"; export { Me } from \"{dist}/presence/index.js\";",
        13_056,
    ),
    ("./region", "export * from \"{dist}/region/index.js\";", 2_048),
    (
        "`.` and ./react",
        "export * from \"{dist}/index.js\"; export * from \"{dist}/react/index.js\";",
        14_080,
    ),
    ("./predict", "export * from \"{dist}/predict/index.js\";", 512),
];
/// The name of the import of all that the main entry has.
const EVERYTHING: &str = "everything of `.`";
const FLAGS: &[&str] = &[
    "--bundle",
    "--format=esm",
    "--minify",
    "--target=es2022",
    "--charset=utf8",
    "--external:react",
    "--log-level=warning",
];

/// Measures each import, prints its size, and fails if one is too large or unused parts stay in it.
pub fn check(root: &Root, package: &Path) -> Result<()> {
    let mut sizes = Vec::new();
    for (name, import, most) in IMPORTS {
        let size = measure(root, package, import)?;
        eprintln!("The size of {name}: {size} bytes, at most {most}");
        ensure!(
            size <= *most,
            "{name} has {size} bytes, more than {most}: leave something out, or raise the limit with its reason"
        );
        sizes.push(size);
    }
    let (Some(all), Some(rooms)) = (sizes.first(), sizes.get(1)) else { return Ok(()) };
    ensure!(
        rooms + 1_024 < *all,
        "a page that imports only rooms loads {rooms} of {all} bytes: unused parts are not left out"
    );
    Ok(())
}

/// Returns the bytes of the bundle of an import, by gzip at its best.
fn measure(root: &Root, package: &Path, import: &str) -> Result<usize> {
    let node = node::ensure(root)?;
    let entry = root.path("target/sdk/size.js");
    fs::write(&entry, import.replace("{dist}", &package.join("dist").display().to_string()))?;
    let to = root.path("target/sdk/size.min.js");
    let mut bundle = Command::new(&node.esbuild);
    bundle.args(FLAGS).arg(&entry).arg(format!("--outfile={}", to.display())).current_dir(root.dir());
    progress::run("Bundling the SDK", &mut bundle)?;
    gzipped(&fs::read(to)?, Compression::best())
}
