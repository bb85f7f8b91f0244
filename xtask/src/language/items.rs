//! Public items without documentation, functions and their lengths, read from formatted Rust.

use super::banned::Passage;

/// Lines that a function may have, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 60;

/// A function's name and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub name: &'a str,
    pub line: usize,
    pub lines: usize,
}

/// Returns the line and the name of each public item that has no doc comment. Modules in files have a `//!`
/// line of their own, and tests at the end of a file are no interface.
pub(super) fn undocumented(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect();
    let items = lines.iter().enumerate().filter_map(|(at, line)| {
        let item = public_item(line.trim_start())?;
        (!is_documented(&lines, at)).then(|| (at + 1, item))
    });
    items.collect()
}

/// The kind and name of the public item that a line declares, without fields, variants and re-exports.
fn public_item(line: &str) -> Option<String> {
    let mut words = line.strip_prefix("pub ")?.split_whitespace().peekable();
    let mut is_const = false;
    while let Some(word) = words.next() {
        let kind = match word {
            "async" | "unsafe" | "extern" => continue,
            "const" if matches!(words.peek(), Some(&("fn" | "unsafe" | "async"))) => continue,
            "const" | "static" => {
                is_const = true;
                word
            }
            "mod" if line.ends_with(';') => return None,
            "fn" | "struct" | "enum" | "trait" | "mod" | "type" | "union" => word,
            _ => return None,
        };
        let name = words.find(|word| !is_const || *word != "mut")?;
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        // In a macro the name is a variable, and so is the doc comment.
        return (end > 0).then(|| format!("{kind} {}", name.get(..end).unwrap_or_default()));
    }
    None
}

/// Looks above a line, past attributes, for a doc comment.
fn is_documented(lines: &[&str], at: usize) -> bool {
    let mut above = lines.get(..at).unwrap_or_default().iter().rev().map(|line| line.trim()).peekable();
    while let Some(line) = above.next() {
        // A macro that makes items passes their docs on: `$(#[$doc])*`.
        let is_passed_on = line.starts_with("$(#[") || line.starts_with("$($(#[");
        if line.starts_with("///") || line.starts_with("#[doc") || line.ends_with("*/") || is_passed_on {
            return true;
        }
        if line.starts_with("#[") || line.starts_with("//") {
            continue;
        }
        // The end of an attribute of several lines.
        if !line.ends_with(")]") || !above.any(|line| line.starts_with("#[")) {
            return false;
        }
    }
    false
}

/// Returns the functions that are too long, from code without comments and literals.
pub(super) fn long_functions(code: &str) -> Vec<Function<'_>> {
    functions(code).into_iter().filter(|function| function.lines > FUNCTION_LINES).collect()
}

/// Returns the names of all functions as prose: tests say with them what they test.
pub(super) fn function_names(code: &str) -> Vec<Passage> {
    let passage = |f: Function| Passage { line: f.line, text: f.name.replace('_', " ") };
    functions(code).into_iter().map(passage).collect()
}

fn functions(code: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    let mut line_at = (0, 1);
    for (at, _) in code.match_indices("fn ") {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let rest = code.get(at + 3..).unwrap_or_default();
        let name = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len())).unwrap_or_default();
        if name.is_empty() || code.get(..at).is_some_and(|before| before.ends_with(is_part)) {
            continue;
        }
        let before = code.get(line_at.0..at).unwrap_or_default();
        line_at = (at, line_at.1 + before.matches('\n').count());
        let body = body(rest).unwrap_or_default();
        let lines = body.matches('\n').count() + 1;
        found.push(Function { name, line: line_at.1, lines });
    }
    found
}

/// The text from a function's name to the brace that closes its body; none if it has no body.
fn body(rest: &str) -> Option<&str> {
    let (mut parens, mut braces) = (0_u32, 0_u32);
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' => parens += 1,
            ')' | ']' => parens = parens.saturating_sub(1),
            ';' if parens == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return rest.get(..=at);
                }
            }
            _ => {}
        }
    }
    None
}
