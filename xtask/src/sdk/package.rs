//! The files of the npm package: JavaScript and types by the TypeScript compiler, beside the manifest, the README and the
//! licences; and the tarball.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;
use crate::tools::{node, on_path};

/// The built package; `sdk/tsconfig.build.json` writes into its `dist`.
const PACKAGE: &str = "target/sdk/package";
/// The files beside the compiled ones, with their names from the root.
const FILES: &[&str] = &["sdk/package.json", "sdk/README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds the package if a source changed, and returns its directory.
pub fn build(root: &Root) -> Result<PathBuf> {
    let package = root.path(PACKAGE);
    let mut sources = vec!["sdk/src", "sdk/tsconfig.json", "sdk/tsconfig.build.json", "package-lock.json"];
    sources.extend(FILES);
    let stamp = BuildStamp::of(root, "sdk", &sources, &[])?;
    if stamp.is_current() && package.join("dist").is_dir() {
        return Ok(package);
    }
    let node = node::ensure(root)?;
    if package.exists() {
        fs::remove_dir_all(&package)?;
    }
    let mut compile = Command::new(&node.program);
    compile.arg(&node.tsc).args(["--project", "sdk/tsconfig.build.json"]).current_dir(root.dir());
    progress::run("Building the SDK", &mut compile)?;
    for file in WalkDir::new(package.join("dist")) {
        let file = file?;
        if file.path().to_string_lossy().ends_with(".d.ts") {
            name_compiled_modules(file.path())?;
        }
    }
    for file in FILES {
        let name = Path::new(file).file_name().context("no file name")?;
        fs::copy(root.path(file), package.join(name)).with_context(|| format!("cannot copy {file}"))?;
    }
    stamp.record()?;
    Ok(package)
}

/// Builds the package, and returns the path of its tarball.
pub fn pack(root: &Root) -> Result<PathBuf> {
    let package = build(root)?;
    let npm = on_path("npm").context("npm is missing. Install it (Debian: `apt-get install npm`).")?;
    let to = package.parent().context("the package has no parent directory")?.to_owned();
    let mut pack = Command::new(npm);
    pack.args(["pack", "--silent", "--pack-destination"]).arg(&to).current_dir(&package);
    let output = progress::run("Packing the SDK", &mut pack)?;
    let name = output.lines().last().context("`npm pack` names no file")?;
    Ok(to.join(name.trim()))
}

/// Makes the imports of a declaration file name the compiled modules: `./room.ts` becomes `./room.js`. The compiler does it
/// in JavaScript only.
fn name_compiled_modules(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let text: String = text.split_inclusive('\n').map(compiled_import).collect();
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn compiled_import(line: &str) -> String {
    let is_import = line.contains("from \"./") || line.contains("from \"../") || line.contains("import(\".");
    if is_import { line.replace(".ts\"", ".js\"") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_declarations_name_the_compiled_modules() {
        assert_eq!(
            compiled_import("import { A } from \"../a/a.ts\";\n"),
            "import { A } from \"../a/a.js\";\n"
        );
        assert_eq!(compiled_import("x: import(\"./a.ts\").A;"), "x: import(\"./a.js\").A;");
        assert_eq!(compiled_import(" * the file \"a.ts\""), " * the file \"a.ts\"");
    }
}
