//! `cargo xtask new app`: writes an application that uses the npm package, with the package packed into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};

use crate::root::Root;
use crate::sdk::package;

/// The files of an application, by their names in its folder.
const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("../templates/app/.gitignore")),
    ("index.html", include_str!("../templates/app/index.html")),
    ("package.json", include_str!("../templates/app/package.json")),
    ("src/main.ts", include_str!("../templates/app/src/main.ts")),
    ("tsconfig.json", include_str!("../templates/app/tsconfig.json")),
    ("vite.config.js", include_str!("../templates/app/vite.config.js")),
];
/// The name that the files have in place of the application's own.
const PLACEHOLDER: &str = "app-name";
/// The packed package in the application's folder.
const PACKAGE: &str = "vendor/matchpoint-client.tgz";
/// The longest name that npm takes.
const NAME_CHARS_MAX: usize = 214;

/// Writes new programs that use Matchpoint.
#[derive(Debug, Clone, Args)]
pub struct New {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Clone, Subcommand)]
enum Task {
    /// Writes a page in TypeScript for Vite, in which two players meet and talk
    App {
        /// The folder of the application, which is made; its name is that of the application
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

/// Runs the command, and prints what to do next.
pub fn run(root: &Root, options: &New) -> Result<()> {
    let Task::App { dir } = &options.task;
    app(root, dir)?;
    println!(
        "{dir} is a page in which two players meet. In this checkout, run:\n\n  \
         cargo dev --origin http://localhost:5173\n\nand in a second terminal:\n\n  \
         cd {dir} && npm install && npm run dev\n\nThen open http://localhost:5173 in two windows.",
        dir = dir.display()
    );
    Ok(())
}

/// Writes an application into `dir`, which must not exist or be empty.
pub fn app(root: &Root, dir: &Path) -> Result<()> {
    let name = name(dir)?;
    let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty, "{} is not empty: name a new folder", dir.display());
    let tarball = {
        let _lock = root.lock()?;
        package::pack(root)?
    };
    for (file, text) in FILES {
        let path = dir.join(file);
        fs::create_dir_all(path.parent().unwrap_or(dir))
            .with_context(|| format!("{} cannot be made", dir.display()))?;
        fs::write(&path, text.replace(PLACEHOLDER, &name))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let package = dir.join(PACKAGE);
    fs::create_dir_all(package.parent().unwrap_or(dir))?;
    fs::copy(&tarball, &package).with_context(|| format!("{} cannot be copied", tarball.display()))?;
    Ok(())
}

/// Returns the name of an application: that of its folder, if npm takes it.
fn name(dir: &Path) -> Result<String> {
    let dir = std::path::absolute(dir)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && name.len() <= NAME_CHARS_MAX
            && name.chars().all(is_allowed),
        "{name:?} is no name of an npm package: use a-z, 0-9, `-`, `_` and `.`, at most {NAME_CHARS_MAX}, such as my-app"
    );
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_that_of_the_folder() {
        assert_eq!(name(Path::new("../my-app/")).unwrap(), "my-app");
        for dir in ["/", "../My App", "-a", "a\"b"] {
            assert!(name(Path::new(dir)).is_err(), "{dir}");
        }
    }

    #[test]
    fn folder_with_files_is_refused() {
        let error = app(&Root::here(), &Root::here().path("sdk")).unwrap_err();
        assert!(error.to_string().contains("not empty"), "{error}");
    }
}
