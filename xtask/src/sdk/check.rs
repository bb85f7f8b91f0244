//! The checks of the npm package: strict types, publint, are-the-types-wrong, the API report, typedoc and sizes.

use anyhow::Result;

use super::{package, report, size};
use crate::progress;
use crate::root::Root;
use crate::tools::node;

/// Builds and packs the package, and runs every check; stops at the first that fails.
pub fn run(root: &Root) -> Result<()> {
    let node = node::ensure(root)?;
    for project in ["sdk", "sdk/tests"] {
        let mut types = node.tool(root, "typescript/bin/tsc");
        progress::run(&format!("TypeScript of {project}"), types.args(["--project", project]))?;
    }
    let built = package::build(root)?;
    let tarball = package::pack(root)?;

    let mut publint = node.tool(root, "publint/src/cli.js");
    progress::run("publint", publint.arg(&built).arg("--strict"))?;
    let mut attw = node.tool(root, "@arethetypeswrong/cli/dist/index.js");
    progress::run("are-the-types-wrong", attw.arg(&tarball).args(["--profile", "esm-only", "--no-emoji"]))?;
    report::check(root)?;
    let mut typedoc = node.tool(root, "typedoc/bin/typedoc");
    progress::run("typedoc", typedoc.args(["--options", "sdk/typedoc.json"]))?;
    size::check(root, &built)
}
