//! Tests the style of the published OpenAPI texts: operation ids, summaries and descriptions.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::openapi::{EDGE, REGION, operations};

use super::read;

/// The longest summary in characters; details belong in the description.
const SUMMARY_CHARS_MAX: usize = 100;

#[test]
fn operation_ids_are_unique_and_camel_case() -> Result<()> {
    for file in [EDGE, REGION] {
        let document = read(file)?;
        let mut seen = BTreeSet::new();
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().context("no operationId")?;
            let starts_lower = id.starts_with(|c: char| c.is_ascii_lowercase());
            // A verb and a noun: `blockPlayer`.
            let verb_and_noun = id.chars().any(|c| c.is_ascii_uppercase());
            let alphanumeric = id.chars().all(|c| c.is_ascii_alphanumeric());
            ensure!(starts_lower && verb_and_noun && alphanumeric, "{file}: {method} {path}: `{id}`");
            ensure!(seen.insert(id), "{file}: `{id}` names two operations");
        }
    }
    Ok(())
}

#[test]
fn summaries_are_single_short_sentences() -> Result<()> {
    for file in [EDGE, REGION] {
        let document = read(file)?;
        for (path, method, operation) in operations(&document) {
            let summary = operation["summary"].as_str().context("no summary")?;
            let at = format!("{file}: {method} {path}: `{summary}`");
            ensure!(summary.starts_with(|c: char| c.is_ascii_uppercase()), "{at} starts in lower case");
            ensure!(summary.ends_with('.'), "{at} does not end with a period");
            ensure!(!summary.contains('\n'), "{at} has several lines");
            ensure!(!summary.contains(". "), "{at} has several sentences: move the rest to the description");
            ensure!(summary.chars().count() <= SUMMARY_CHARS_MAX, "{at} is longer than {SUMMARY_CHARS_MAX}");
        }
    }
    Ok(())
}

#[test]
fn published_texts_have_no_rustdoc_syntax() -> Result<()> {
    for file in [EDGE, REGION] {
        let mut texts = Vec::new();
        collect_texts(&read(file)?, &mut texts);
        ensure!(texts.len() > 20, "{file}: the texts are read");
        for text in texts {
            let rustdoc = ["[`", "`]", "::", "](crate"].iter().find(|mark| text.contains(**mark));
            ensure!(rustdoc.is_none(), "{file}: {rustdoc:?} in `{text}`");
        }
    }
    Ok(())
}

/// Collects every `summary` and `description` of a document, at any depth.
fn collect_texts(value: &Value, to: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for name in ["summary", "description"] {
                to.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
            }
            fields.values().for_each(|field| collect_texts(field, to));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
