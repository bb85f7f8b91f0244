//! Tests that the modules of `shared`, `client`, `regional` and `edge` have no cycles.
//!
//! A module is a file. Module A uses module B if its code names a path that leads into B, by `crate::`, `super::` or
//! `self::`, in a `use` or inline; comments, strings and unit tests do not count. Two graphs are checked:
//! between top-level modules (`crate::a` with everything below it), and between files. Between files a module and its
//! own ancestors do not count: a machine's parent declares, re-exports and drives its children, and they extend it.

use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;
use xtask::root::Root;

/// A module path without the crate: `["player", "presence"]`. The crate root is empty.
type Module = Vec<String>;
/// The modules that each module uses, with a path that does so.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn modules_of_shared_have_no_cycle() -> Result<()> {
    check("shared")
}

#[test]
fn modules_of_regional_have_no_cycle() -> Result<()> {
    check("regional")
}

#[test]
fn modules_of_the_rust_client_have_no_cycle() -> Result<()> {
    check("client")
}

#[test]
fn modules_of_edge_have_no_cycle() -> Result<()> {
    check("edge")
}

fn check(name: &str) -> Result<()> {
    let files = files(&Root::here().path(&format!("{name}/src")))?;
    let uses = uses(&files);
    let mut faults = Vec::new();
    for (kind, graph) in [("top-level modules", top_level(&uses)), ("files", between_files(&uses))] {
        faults.extend(cycles(&graph).into_iter().map(|cycle| format!("{kind}: {cycle}")));
    }
    ensure!(faults.is_empty(), "cycles in {name}:\n{}", faults.join("\n"));
    Ok(())
}

/// Reads the files of a crate as modules. Binaries and unit-test files are left out.
fn files(src: &Path) -> Result<BTreeMap<Module, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(src.to_path_buf(), Module::new())];
    while let Some((folder, module)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut at = module.clone();
            if path.is_dir() && !(module.is_empty() && name == "bin") {
                at.push(name);
                folders.push((path, at));
            } else if let Some(name) = name.strip_suffix(".rs")
                && name != "tests"
                && name != "main"
            {
                if name != "lib" && name != "mod" {
                    at.push(name.to_owned());
                }
                found.insert(at, fs::read_to_string(path)?);
            }
        }
    }
    Ok(found)
}

/// Returns the modules that each module uses.
fn uses(files: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeMap<Module, String>> {
    let mut graph = BTreeMap::new();
    for (module, text) in files {
        let mut used = BTreeMap::new();
        for path in paths(&code(text)) {
            if let Some(target) = resolve(files, module, &path)
                && target != *module
            {
                used.entry(target).or_insert_with(|| path.join("::"));
            }
        }
        graph.insert(module.clone(), used);
    }
    graph
}

/// Returns the code of a file without comments, strings and its unit tests at the end.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines().take_while(|line| line.trim() != "#[cfg(test)]" || text.contains("mod tests;")) {
        // Strings first, so that `//` in an address does not begin a comment.
        let unquoted: String = line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
        code.push_str(unquoted.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Returns the paths in the code that begin with `crate`, `super` or `self`; a group of imports is one path each.
fn paths(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(root) {
            let before = code.get(..at).unwrap_or_default();
            // A word that ends so, the rest of a longer path, and the visibility `pub(in crate::a)` are no uses.
            let is_part = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if !is_part && !before.ends_with("pub(in ") {
                tree(code.get(at..).unwrap_or_default(), &Module::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one path or group of paths, and returns the rest of the text.
fn tree<'a>(text: &'a str, prefix: &Module, found: &mut Vec<Module>) -> &'a str {
    let mut path = prefix.clone();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            path.push(word.to_owned());
        }
        let Some(next) = after.strip_prefix("::") else {
            found.push(path);
            return after;
        };
        let Some(mut group) = next.strip_prefix('{') else {
            rest = next;
            continue;
        };
        loop {
            group = group.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match group.strip_prefix('}') {
                Some(after) => return after,
                None if group.is_empty() => return group,
                None => {}
            }
            let after = tree(group, &path, found);
            // An `as name`, a glob or anything else up to the next item.
            let skip = after.find([',', '}', '{']).unwrap_or(after.len());
            group = after.get(skip..).unwrap_or_default();
        }
    }
}

/// Returns the module that a path leads into: the longest beginning of the path that is a file.
fn resolve(files: &BTreeMap<Module, String>, from: &Module, path: &Module) -> Option<Module> {
    let mut base = from.clone();
    let mut words = path.iter().peekable();
    if words.next_if(|word| *word == "crate").is_some() {
        base.clear();
    }
    words.next_if(|word| *word == "self");
    while words.next_if(|word| *word == "super").is_some() {
        base.pop()?;
    }
    for word in words {
        base.push(word.clone());
        if !files.contains_key(&base) {
            base.pop();
            break;
        }
    }
    files.contains_key(&base).then_some(base)
}

fn top_level(uses: &BTreeMap<Module, BTreeMap<Module, String>>) -> Graph {
    let mut graph = Graph::new();
    for (from, used) in uses {
        for (to, path) in used {
            if let (Some(a), Some(b)) = (from.first(), to.first())
                && a != b
            {
                let reason = format!("{} names {path}", from.join("::"));
                graph.entry(a.clone()).or_default().entry(b.clone()).or_insert(reason);
            }
        }
    }
    graph
}

fn between_files(uses: &BTreeMap<Module, BTreeMap<Module, String>>) -> Graph {
    let mut graph = Graph::new();
    for (from, used) in uses {
        for (to, path) in used {
            if !from.starts_with(to) && !to.starts_with(from) {
                let reason = format!("{} names {path}", from.join("::"));
                graph.entry(from.join("::")).or_default().insert(to.join("::"), reason);
            }
        }
    }
    graph
}

/// Returns a shortest cycle through each module that is in one, each set of modules once.
fn cycles(graph: &Graph) -> Vec<String> {
    let mut seen: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    let mut found = Vec::new();
    for start in graph.keys() {
        if let Some(cycle) = shortest_cycle(graph, start)
            && seen.insert(cycle.iter().copied().collect())
        {
            let next = cycle.iter().cycle().skip(1);
            let steps = cycle.iter().zip(next).filter_map(|(a, b)| graph.get(*a)?.get(*b));
            let reasons: Vec<&str> = steps.map(String::as_str).collect();
            found.push(format!("{} -> {start}\n    {}", cycle.join(" -> "), reasons.join("\n    ")));
        }
    }
    found
}

fn shortest_cycle<'a>(graph: &'a Graph, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in graph.get(at).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut path = vec![at];
                while let Some(previous) = before.get(path.last()?) {
                    path.push(previous);
                }
                path.reverse();
                return Some(path);
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

#[test]
fn imports_are_read_as_paths() {
    let read = |text: &str| -> Vec<String> { paths(text).iter().map(|path| path.join("::")).collect() };
    assert_eq!(
        read("use crate::a::{self, B, c::{D, E as F}};"),
        ["crate::a::self", "crate::a::B", "crate::a::c::D", "crate::a::c::E"]
    );
    assert_eq!(read("fn f(x: super::Y) -> crate::z::Z {"), ["crate::z::Z", "super::Y"]);
    assert_eq!(read("pub(in crate::player) fn g()"), Vec::<String>::new());
}

#[test]
fn planted_cycle_is_found_with_its_path() {
    let files: BTreeMap<Module, String> = [
        ("a", "use crate::b::c::X;"),
        ("b", "mod c;"),
        ("b::c", "use super::Y; use crate::d::Z; // crate::a"),
        ("d", "use crate::a::W;"),
    ]
    .into_iter()
    .map(|(name, text)| (name.split("::").map(str::to_owned).collect(), text.to_owned()))
    .collect();
    let uses = uses(&files);
    let top = cycles(&top_level(&uses));
    assert_eq!(top.len(), 1, "{top:?}");
    assert!(
        top.iter().all(|cycle| cycle.starts_with("a -> b -> d -> a\n    a names crate::b::c::X")),
        "{top:?}"
    );
    let files = cycles(&between_files(&uses));
    assert!(files.iter().all(|cycle| cycle.starts_with("a -> b::c -> d -> a")), "{files:?}");
}
