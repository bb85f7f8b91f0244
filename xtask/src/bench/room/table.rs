//! The figures as a Markdown table and as a picture: ratios first.

use std::fmt::Write as _;

use room_bench::plan::Outcome;

use super::Cell;
use super::peer::{Kit, Peer};
use super::scenario::Scenario;

/// The rows so far.
pub(super) struct Report {
    workerd: String,
    rows: Vec<(Scenario, Vec<Row>)>,
}

struct Row {
    peer: Peer,
    figure: f64,
    outcome: Outcome,
}

impl Report {
    pub(super) fn new(kit: &Kit) -> Self {
        Self { workerd: kit.workerd_version.clone(), rows: Vec::new() }
    }

    /// Adds a scenario: the run with the median figure stands for all.
    pub(super) fn add(&mut self, scenario: Scenario, cells: &[Cell]) {
        let rows = cells.iter().filter_map(|cell| {
            let mut outcomes: Vec<&Outcome> = cell.outcomes.iter().collect();
            outcomes.sort_by(|a, b| scenario.figure(a).total_cmp(&scenario.figure(b)));
            let outcome = outcomes.get(outcomes.len() / 2).copied()?.clone();
            let figure = scenario.figure(&outcome);
            (figure > 0.0).then_some(Row { peer: cell.peer, figure, outcome })
        });
        self.rows.push((scenario, rows.collect()));
    }

    /// The report as Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!(
            "Servers on one core, generator on another, {}; medians. A ratio above 1 is better than Socket.IO or the bare \
             Rust room.\n",
            self.workerd
        );
        for (scenario, rows) in &self.rows {
            let _ = write!(
                text,
                "\n## {scenario}\n\n| server | {} | × Socket.IO | × bare Rust 16 ms | CPU µs / delivery | frames/s | p50 / p95 / \
                 p99 ms | lost | generator busy |\n|---|---|---|---|---|---|---|---|---|\n",
                scenario.unit()
            );
            for row in rows {
                let _ = writeln!(text, "{}", line(*scenario, row, rows));
            }
        }
        text
    }

    /// The ratios to the bare Rust room as bars, a group for each scenario.
    pub(super) fn svg(&self) -> String {
        let (left, wide, bar) = (260.0, 420.0, 16.0);
        let (mut body, mut y) = (String::new(), 24.0);
        for (scenario, rows) in &self.rows {
            let _ = write!(
                body,
                r#"<text x="8" y="{y}" font-weight="bold">{scenario}, {}</text>"#,
                scenario.unit()
            );
            let most = rows.iter().map(|row| row.figure).fold(f64::MIN_POSITIVE, f64::max);
            for row in rows {
                y += bar + 4.0;
                let width = row.figure / most * wide;
                let fill = if row.peer == Peer::Matchpoint { "#0a7" } else { "#999" };
                let _ = write!(
                    body,
                    r#"<text x="8" y="{}">{}</text><rect x="{left}" y="{}" width="{width:.1}" height="{bar}" fill="{fill}"/><text x="{:.1}" y="{}">{}</text>"#,
                    y + 12.0,
                    row.peer,
                    y,
                    left + width + 6.0,
                    y + 12.0,
                    short(row.figure)
                );
            }
            y += bar + 24.0;
        }
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 {y}" font-family="sans-serif" font-size="12">{body}</svg>"#
        )
    }
}

fn line(scenario: Scenario, row: &Row, rows: &[Row]) -> String {
    let ratio = |peer: Peer| {
        let other = rows.iter().find(|row| row.peer == peer)?;
        let ratio = row.figure / other.figure;
        Some(format!("{:.2}", if scenario.more_is_better() { ratio } else { 1.0 / ratio }))
    };
    let dash = || "–".to_owned();
    let out = &row.outcome;
    let is_loaded = out.delivered > 0;
    #[allow(clippy::cast_precision_loss)]
    let cpu = if is_loaded { format!("{:.1}", out.cpu_s * 1e6 / out.delivered as f64) } else { dash() };
    #[allow(clippy::cast_precision_loss)]
    let frames = match scenario {
        Scenario::Openings => {
            format!("{} openings/s", short(out.open_measured as f64 / out.open_s.max(0.001)))
        }
        _ if is_loaded => short(out.frames as f64 / out.measured_s.max(0.001)),
        _ => dash(),
    };
    let times =
        if is_loaded { format!("{:.2} / {:.2} / {:.1}", out.p50_ms, out.p95_ms, out.p99_ms) } else { dash() };
    format!(
        "| {} | {} | {} | {} | {cpu} | {frames} | {times} | {} | {:.0} % |",
        row.peer,
        short(row.figure),
        ratio(Peer::SocketIo).unwrap_or_else(dash),
        ratio(Peer::RustTick).unwrap_or_else(dash),
        out.lost,
        out.busy * 100.0
    )
}

/// A number with three digits that count.
fn short(number: f64) -> String {
    match number {
        number if number >= 1000.0 => format!("{:.0}", (number / 100.0).round() * 100.0),
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_count() {
        assert_eq!(short(173_432.0), "173400");
        assert_eq!(short(0.561), "0.56");
    }

    #[test]
    fn a_ratio_above_one_is_better_in_both_directions() {
        let row = |peer, figure| Row { peer, figure, outcome: Outcome::default() };
        let rows = [row(Peer::Matchpoint, 2.0), row(Peer::SocketIo, 4.0)];
        let first = rows.first().expect("a row");
        assert!(line(Scenario::Openings, first, &rows).contains("| 2.00 |"));
        assert!(line(Scenario::Closed, first, &rows).contains("| 0.50 |"));
    }
}
