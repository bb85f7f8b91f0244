//! Reads a log as CSV or JSON Lines; errors name the line, the column and the reason.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use shared::id::PlayerId;
use shared::time::Time;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::log::{Line, Log, Person, format_errors};

/// Columns with a meaning. Every other column of a CSV is an attribute; JSON Lines have `attrs`.
pub const COLUMNS: &[&str] =
    &["at", "player", "op", "attrs", "wants", "rating", "deviation", "party", "patience_s"];

/// Default rating: that of a new player.
const RATING: f64 = 1500.0;

/// Reads a file: `.csv`, or JSON Lines by any other name.
pub fn file(path: &Path) -> Result<Log> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_csv = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
    let log = if is_csv { csv(&text) } else { json(&text) };
    log.with_context(|| format!("{} is invalid", path.display()))
}

/// Reads CSV, whose first line names the columns.
pub fn csv(text: &str) -> Result<Log> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().context("line 1: not CSV")?.clone();
    for needed in ["at", "player"] {
        if !names.iter().any(|name| name == needed) {
            bail!(
                "line 1: the column {needed} is missing; there are: {}",
                names.iter().collect::<Vec<_>>().join(", ")
            );
        }
    }
    if let Some(twice) = names.iter().enumerate().find_map(|(nth, name)| {
        let before = names.iter().take(nth);
        { before }.any(|it| it == name).then_some(name)
    }) {
        bail!("line 1, column {twice}: the column is there twice");
    }
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(format!("line {line}: {error}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match cells(&names, &record).and_then(|row| read(line, row)) {
            Ok(read) => lines.push(read),
            Err(fault) => faults.push(format!("line {line}, {fault}")),
        }
    }
    finish(lines, &faults)
}

/// Reads JSON Lines: one object per line; empty lines are skipped.
pub fn json(text: &str) -> Result<Log> {
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let row = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| format!("column {}: {error}", error.column()));
        match row.and_then(|row| read(line, row)) {
            Ok(read) => lines.push(read),
            Err(fault) => faults.push(format!("line {line}, {fault}")),
        }
    }
    finish(lines, &faults)
}

fn finish(lines: Vec<(Time, Line)>, faults: &[String]) -> Result<Log> {
    if !faults.is_empty() {
        bail!(format_errors(faults));
    }
    if lines.is_empty() {
        bail!("no player enters in it");
    }
    Log::new(lines)
}

/// Returns the cells of a CSV line as JSON. An empty cell is a missing value.
fn cells(names: &csv::StringRecord, record: &csv::StringRecord) -> Result<Map<String, Value>, String> {
    let (mut row, mut attrs) = (Map::new(), Map::new());
    for (name, cell) in names.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        let json = || serde_json::from_str::<Value>(cell);
        match name {
            "player" | "op" | "party" => {
                row.insert(name.into(), cell.into());
            }
            "at" | "rating" | "deviation" | "patience_s" => {
                row.insert(name.into(), json().unwrap_or_else(|_| cell.into()));
            }
            "wants" | "attrs" => {
                let value = json().map_err(|error| format!("column {name}: not JSON: {error}"))?;
                row.insert(name.into(), value);
            }
            _ => {
                // Text stays text; numbers, true, false and lists are parsed.
                attrs.insert(name.into(), json().unwrap_or_else(|_| cell.into()));
            }
        }
    }
    match row.entry("attrs").or_insert_with(|| Map::new().into()) {
        Value::Object(said) => said.extend(attrs),
        _ => return Err("column attrs: must be an object of attributes".into()),
    }
    Ok(row)
}

/// Reads one line of either format.
fn read(line: u64, mut row: Map<String, Value>) -> Result<(Time, Line), String> {
    if let Some(name) = row.keys().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(format!("column {name}: unknown; there are {}", COLUMNS.join(", ")));
    }
    let at = at(row.get("at"))?;
    let player = match row.get("player") {
        Some(Value::String(name)) if !name.is_empty() => name
            .parse()
            // Another system's player id becomes a derived id of this one.
            .unwrap_or_else(|_| PlayerId::derive(&[name])),
        _ => return Err("column player: must be a text, the player's id".into()),
    };
    match row.get("op").map(Value::as_str) {
        None | Some(Some("enter")) => {}
        Some(Some("leave")) => return Ok((at, Line::Leave(line, player))),
        Some(_) => return Err("column op: must be enter or leave".into()),
    }
    let party = match row.get("party") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return Err("column party: must be a text, the party's name".into()),
    };
    let patience = number(&row, "patience_s", 0.0)?;
    let patience = patience
        .map(|secs| Duration::try_from_secs_f64(secs).map_err(|error| format!("column patience_s: {error}")));
    let attrs = match row.remove("attrs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(attrs)) => attrs,
        Some(_) => return Err("column attrs: must be an object of attributes".into()),
    };
    let person = Person {
        line,
        player,
        rating: number(&row, "rating", f64::MIN)?.unwrap_or(RATING),
        deviation: number(&row, "deviation", 0.0)?,
        attrs,
        wants: row.remove("wants").unwrap_or_default(),
        party,
        patience: patience.transpose()?,
    };
    Ok((at, Line::Enter(Box::new(person))))
}

fn number(row: &Map<String, Value>, name: &str, least: f64) -> Result<Option<f64>, String> {
    match row.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|it| it.is_finite() && *it >= least) {
            Some(number) => Ok(Some(number)),
            None if least >= 0.0 => Err(format!("column {name}: must be a number, 0 or more, not {value}")),
            None => Err(format!("column {name}: must be a number, not {value}")),
        },
    }
}

/// Reads a time: milliseconds since any start, or RFC 3339.
fn at(value: Option<&Value>) -> Result<Time, String> {
    let words = "column at: must be milliseconds, or a time such as 2026-03-01T20:15:00Z";
    match value {
        Some(Value::Number(ms)) => ms.as_u64().map(Time::from_ms).ok_or(format!("{words}, not {ms}")),
        Some(Value::String(text)) => {
            let moment = OffsetDateTime::parse(text, &Rfc3339)
                .map_err(|error| format!("{words}, not {text}: {error}"))?;
            let ms = u64::try_from(moment.unix_timestamp_nanos() / 1_000_000)
                .map_err(|_| format!("{words} after 1970, not {text}"))?;
            Ok(Time::from_ms(ms))
        }
        Some(other) => Err(format!("{words}, not {other}")),
        None => Err(words.into()),
    }
}

#[cfg(test)]
mod tests;
