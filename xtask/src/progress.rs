//! Runs a step and shows its progress: its title, its last line of output, its time, and what is left of a build.
//! Steps that run side by side have a line each.

mod lines;

use std::collections::VecDeque;
use std::io::{IsTerminal, Read};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::hints;
use crate::process_group::ProcessGroup;
use lines::Lines;

/// Lines of a failed step's output that are shown.
const TAIL: usize = 60;
const STEP: &str = "{spinner} {prefix} {elapsed} {wide_msg:.dim}";
const BUILD: &str = "{spinner} {prefix} {elapsed} {bar:20} {pos}/{len}, about {eta} left {wide_msg:.dim}";

/// The lines of all steps that run now.
static STEPS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Runs `command` as the step `title` and returns its stdout. Progress is shown on stderr. An error contains
/// the end of the output, and a hint if the failure is a known one.
pub fn run(title: &str, command: &mut Command) -> Result<String> {
    let started = Instant::now();
    let bar = bar(title);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let (group, mut child) =
        ProcessGroup::spawn(command).with_context(|| format!("{title}: cannot run `{name}`"))?;
    let (lines, received) = channel();
    if let Some(out) = child.stdout.take() {
        read(out, lines.clone(), true);
    }
    if let Some(err) = child.stderr.take() {
        read(err, lines.clone(), false);
    }
    drop(lines);

    let (mut stdout, mut tail) = (String::new(), VecDeque::new());
    for (line, is_stdout) in received {
        if is_stdout {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        if let Some((done, all)) = lines::counts(&line) {
            count(&bar, done, all);
            continue;
        }
        // Cargo's JSON messages are not shown.
        if !line.starts_with('{') {
            bar.set_message(line.trim().to_owned());
            tail.push_back(line);
        }
        if tail.len() > TAIL {
            tail.pop_front();
        }
    }
    let status = group.wait(&mut child)?;
    bar.finish_and_clear();
    if status.success() {
        say(&format!("{title}: {:.1} s", started.elapsed().as_secs_f32()));
        return Ok(stdout);
    }
    let tail = Vec::from(tail).join("\n");
    match hints::for_output(&tail) {
        Some(advice) => bail!("{title} failed ({status}):\n{tail}\n\n{advice}"),
        None => bail!("{title} failed ({status}):\n{tail}"),
    }
}

/// Runs a build of cargo as [`run`] does, and shows how many crates are built, of how many, and the rest of the time.
pub fn cargo(title: &str, build: &mut Command) -> Result<String> {
    if std::io::stderr().is_terminal() {
        // Without a terminal of its own, cargo prints the counts only when it is told to.
        build.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
    }
    run(title, build)
}

fn bar(title: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprintln!("{title} …");
        return ProgressBar::hidden();
    }
    let bar = STEPS.add(ProgressBar::no_length());
    style(&bar, STEP);
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Shows the counts of a build, from the first one on.
fn count(bar: &ProgressBar, done: u64, all: u64) {
    if bar.length().is_none() {
        style(bar, BUILD);
    }
    bar.set_length(all);
    bar.set_position(done);
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// Prints a line above those of the running steps.
fn say(line: &str) {
    STEPS.suspend(|| eprintln!("{line}"));
}

fn read(from: impl Read + Send + 'static, lines: Sender<(String, bool)>, is_stdout: bool) {
    thread::spawn(move || {
        for line in Lines::of(from) {
            if lines.send((line, is_stdout)).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn returns_stdout() -> Result<()> {
        assert_eq!(run("Saying", &mut sh("echo one; echo two >&2"))?, "one\n");
        Ok(())
    }

    #[test]
    fn failure_names_the_step_and_gives_a_hint() {
        let error = run("Filling", &mut sh("echo 'ENOSPC: no space' >&2; exit 3"))
            .map_or_else(|e| e.to_string(), |_| String::new());
        assert!(
            error.contains("Filling failed") && error.contains("no space") && error.contains("disk is full"),
            "{error}"
        );
    }
}
