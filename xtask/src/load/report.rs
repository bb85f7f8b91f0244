//! The report of a run: verdict, latencies, accounts, plots, environment, bill, and the comparison with a former run.

mod plots;
mod sections;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::run::{FILE, Run};
use super::verdict::{Verdict, criteria, verdict};
use crate::page::{STYLE, document, head, row};
use crate::plot::{self, escape};
use crate::root::Root;
use plots::Plot;
use sections::Section;

/// A report, ready to be written.
#[derive(Debug)]
pub struct Report {
    title: String,
    verdict: Verdict,
    sections: Vec<Section>,
    plots: Vec<Plot>,
}

impl Report {
    /// Makes the report of a run, beside a former one.
    #[must_use]
    pub fn of(root: &Root, run: &Run, against: Option<&Run>) -> Self {
        Self {
            title: format!("Load: {}", run.name),
            verdict: verdict(&criteria(run), None),
            sections: sections::all(root, run, against),
            plots: plots::all(run),
        }
    }

    /// The verdict on the whole run.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the report as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        for section in &self.sections {
            section.markdown(&mut out);
        }
        out.push_str("\n## Plots\n\n");
        for plot in &self.plots {
            // Writing to a String does not fail.
            let _ = writeln!(out, "![{}]({})", plot.title, plot.file);
        }
        out
    }

    /// Returns the report as one page without external resources.
    #[must_use]
    pub fn html(&self) -> String {
        let mut body = format!("<h1>{}</h1>", escape(&self.title));
        for section in &self.sections {
            section.html(&mut body);
        }
        body.push_str("<h2>Plots</h2><div class=\"plots\">");
        for plot in &self.plots {
            body.push_str(&plot.figure);
        }
        body.push_str("</div>");
        document(&self.title, &body)
    }

    /// Writes the report and the data of its run into a directory of their own, and returns it.
    pub fn write(&self, root: &Root, run: &Run) -> Result<PathBuf> {
        let merged = if run.shards.len() > 1 { "-merged" } else { "" };
        let dir = root.path(&format!("target/load/{}-{}{merged}", run.when, run.name));
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let put = |name: &str, text: &str| write(&dir, name, text);
        put("report.md", &self.markdown())?;
        put("report.html", &self.html())?;
        put(FILE, &serde_json::to_string(run)?)?;
        for plot in &self.plots {
            put(&plot.file, &plot::file(&plot.figure, STYLE))?;
        }
        Ok(dir)
    }
}

fn write(dir: &Path, name: &str, text: &str) -> Result<()> {
    let file = dir.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

impl Section {
    fn markdown(&self, out: &mut String) {
        let _ = write!(out, "\n## {}\n\n", self.title);
        for line in &self.notes {
            let _ = writeln!(out, "{line}\n");
        }
        if let Some((columns, rows)) = self.table.split_first() {
            let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
            out.push_str(&line(columns));
            let _ = writeln!(out, "|{}", "---|".repeat(columns.len()));
            for cells in rows {
                out.push_str(&line(cells));
            }
        }
        if !self.text.is_empty() {
            let _ = writeln!(out, "```text\n{}\n```", self.text.trim_end());
        }
    }

    fn html(&self, body: &mut String) {
        let _ = write!(body, "<h2>{}</h2>", escape(self.title));
        for line in &self.notes {
            let _ = write!(body, "<p>{}</p>", escape(line));
        }
        if let Some((columns, rows)) = self.table.split_first() {
            head(body, &columns.iter().map(String::as_str).collect::<Vec<_>>());
            for cells in rows {
                row(body, cells.iter().map(String::as_str));
            }
            body.push_str("</table></div>");
        }
        if !self.text.is_empty() {
            let _ = write!(body, "<div class=\"wide\"><pre>{}</pre></div>", escape(&self.text));
        }
    }
}
