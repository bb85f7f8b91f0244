//! Tests that the region of `cargo dev` and of the tests computes what the deployed functions compute: the crates of
//! both have the same features.

use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use xtask::root::Root;

/// Crates that have more features in a workspace build, none of which changes what the region computes or answers:
/// the embedded store and the tools need more of them.
const MAY_DIFFER: &[&str] = &[
    "bitflags",
    "getrandom",
    "hashbrown",
    "mio",
    "num-integer",
    "num-traits",
    "regex-automata",
    "regex-syntax",
    "regional",
    "shared",
    "stable_deref_trait",
    "syn",
    "sync_wrapper",
    "tokio",
    "tower",
    "tower-http",
    "uuid",
    "zerofrom",
];

/// The features of each crate, by its name and version.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Returns the features that a build with these arguments selects, as `cargo tree` lists them.
fn features(args: &[&str]) -> Result<Features> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}\t{f}"])
        .args(args)
        .current_dir(Root::here().dir())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = Features::new();
    // An empty line separates the packages of a workspace.
    for line in String::from_utf8(output.stdout)?.lines().filter(|line| !line.is_empty()) {
        let (package, features) = line.split_once('\t').context("a crate with its features")?;
        let mut words = package.split(' ');
        let name = words.by_ref().take(2).collect::<Vec<_>>().join(" ");
        let features = features.trim_end_matches(" (*)").split(',').filter(|feature| !feature.is_empty());
        found.entry(name).or_default().extend(features.map(str::to_owned));
    }
    Ok(found)
}

/// Returns the features of the only version of a crate.
fn features_of<'a>(features: &'a Features, name: &str) -> Result<&'a BTreeSet<String>> {
    let found = features.iter().find(|(package, _)| package.split(' ').next() == Some(name));
    found.map(|(_, features)| features).with_context(|| format!("{name} is not in the build"))
}

#[test]
fn deployed_region_has_the_features_of_the_local_one() -> Result<()> {
    // As `xtask::lambda` and `xtask::region` build them.
    let deployed = features(&["--package", "regional"])?;
    let local = features(&["--features", "regional/local"])?;
    let mut compared = 0;
    for (package, deployed) in &deployed {
        let local = local.get(package).with_context(|| format!("{package} is only in the deployed build"))?;
        let name = package.split(' ').next().unwrap_or_default();
        ensure!(
            MAY_DIFFER.contains(&name) || deployed == local,
            "{package} has {local:?} locally, and {deployed:?} where it is deployed: request the features in \
             Cargo.toml, or list the crate if they change nothing"
        );
        compared += 1;
    }
    ensure!(compared > 100, "only {compared} crates were compared");
    Ok(())
}

#[test]
fn every_build_reads_doubles_exactly() -> Result<()> {
    for args in [
        &["--package", "regional"][..],
        &["--package", "regional", "--features", "local"],
        &["--package", "edge", "--target", "wasm32-unknown-unknown"],
    ] {
        let build = features(args)?;
        let json = features_of(&build, "serde_json")?;
        ensure!(json.contains("float_roundtrip"), "{args:?}: serde_json has {json:?}");
    }
    // A double that the fast path of the parser misses by one digit.
    for text in ["1.7976931348623157e308", "2.2250738585072011e-308", "122.416294033786585", "0.1"] {
        let read: f64 = serde_json::from_str(text)?;
        ensure!(read.to_bits() == text.parse::<f64>()?.to_bits(), "{text} is read as {read}");
    }
    Ok(())
}
