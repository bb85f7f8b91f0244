//! Generated files that are committed: writes them, or checks that they are up to date.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::root::Root;

/// Writes a generated file if it differs.
pub fn write(root: &Root, file: &str, text: &str) -> Result<()> {
    let path = root.path(file);
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(&path, text).with_context(|| format!("cannot write {file}"))?;
    eprintln!("{file} is written.");
    Ok(())
}

/// Fails if a generated file differs from `text`; the error names the command that writes it.
pub fn check(root: &Root, file: &str, text: &str, command: &str) -> Result<()> {
    let old = fs::read_to_string(root.path(file)).with_context(|| format!("cannot read {file}"))?;
    if old == text {
        return Ok(());
    }
    bail!("{file} is out of date: run `{command}`\n{}", first_difference(&old, text));
}

/// Returns a document with this text between the lines `<!-- marker -->` and `<!-- /marker -->`.
pub fn between(document: &str, marker: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- /{marker} -->"));
    between_lines(document, &begin, &end, &format!("{}\n", text.trim_end()))
}

/// Returns a document with this text between two lines, which stay.
pub fn between_lines(document: &str, begin: &str, end: &str, text: &str) -> Result<String> {
    let parts = document.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let Some((before, after)) = parts else {
        bail!("the lines `{}` and `{}` are missing", begin.trim(), end.trim());
    };
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

/// Returns the first line that differs, as it is and as it must be.
fn first_difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let at = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let line = |lines: &[&str]| lines.get(at).copied().unwrap_or_default().to_owned();
    format!("line {}:\n- {}\n+ {}", at + 1, line(&old), line(&new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_written_between_its_markers() -> Result<()> {
        let document = "# A\n\n<!-- map -->\nold\n<!-- /map -->\n\nB\n";
        let new = between(document, "map", "- new")?;
        assert_eq!(new, "# A\n\n<!-- map -->\n- new\n<!-- /map -->\n\nB\n");
        assert_eq!(between(&new, "map", "- new")?, new);
        assert!(between("# A\n", "map", "").is_err());
        Ok(())
    }

    #[test]
    fn first_difference_shows_both_lines() {
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), "line 2:\n- b\n+ c");
        assert_eq!(first_difference("a\n", "a\nc\n"), "line 2:\n- \n+ c");
    }
}
