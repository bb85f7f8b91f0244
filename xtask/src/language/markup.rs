//! The prose of Markdown and of JSON documents: paragraphs without code, summaries and descriptions.

use super::banned::Passage;

/// Returns the paragraphs, list items and table rows of a Markdown file, without fenced code and link
/// targets.
pub(super) fn markdown(text: &str) -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let (mut is_code, mut is_open) = (false, false);
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            (is_code, is_open) = (!is_code, false);
            continue;
        }
        let begins =
            trimmed.starts_with(['-', '|', '#', '>']) || trimmed.starts_with(|c: char| c.is_ascii_digit());
        if is_code || trimmed.is_empty() {
            is_open = false;
            continue;
        }
        let mut prose = without_links(line);
        if trimmed.starts_with(['#', '|']) {
            // A title and the cells of a table are no sentences.
            prose = format!(": {prose}");
        }
        match found.last_mut().filter(|_| is_open && !begins) {
            Some(paragraph) => {
                paragraph.text.push('\n');
                paragraph.text.push_str(&prose);
            }
            None => found.push(Passage { line: at + 1, text: prose }),
        }
        is_open = true;
    }
    found
}

/// The line without the targets of its links.
fn without_links(line: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((before, after)) = rest.split_once("](") {
        kept.push_str(before);
        kept.push(']');
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Keys of a JSON document whose values are read by people.
const READ: &[&str] = &["\"summary\":", "\"description\":", "\"title\":", "\"message\":", "\"detail\":"];

/// Returns the summaries, descriptions, titles and messages of a formatted JSON document: one line each.
pub(super) fn openapi(text: &str) -> Vec<Passage> {
    let lines = text.lines().enumerate().filter_map(|(at, line)| {
        let value = READ.iter().find_map(|key| line.trim_start().strip_prefix(key))?;
        Some(Passage { line: at + 1, text: value.replace("\\n", "  ").replace("\\\"", "\" ") })
    });
    lines.collect()
}
