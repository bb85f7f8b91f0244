//! Runs a step and shows its progress: its title, its last line of output, its time.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::hints;
use crate::process_group::ProcessGroup;

/// Lines of a failed step's output that are shown.
const TAIL: usize = 60;

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
        eprintln!("{title}: {:.1} s", started.elapsed().as_secs_f32());
        return Ok(stdout);
    }
    let tail = Vec::from(tail).join("\n");
    match hints::for_output(&tail) {
        Some(advice) => bail!("{title} failed ({status}):\n{tail}\n\n{advice}"),
        None => bail!("{title} failed ({status}):\n{tail}"),
    }
}

fn bar(title: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprintln!("{title} …");
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}") {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn read(from: impl Read + Send + 'static, lines: Sender<(String, bool)>, is_stdout: bool) {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if lines.send((text, is_stdout)).is_err() {
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
