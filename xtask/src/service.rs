//! A long-running child process that receives JSON lines on stdin, answers on stdout, and ends when its stdin
//! closes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::process_group::ProcessGroup;

/// Time for a child to end by itself after its stdin was closed.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes at the end of a log that an error shows.
const TAIL: usize = 4000;

/// Destination of a child's stderr.
#[derive(Debug, Clone)]
pub enum Log {
    /// The terminal of this process.
    Terminal,
    /// A file that is appended to; errors show its end.
    File(PathBuf),
}

/// A running child. It ends when the value is dropped, and when this process ends for any reason.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    group: ProcessGroup,
    log: Log,
    stdin: Mutex<Option<ChildStdin>>,
    lines: tokio::sync::Mutex<UnboundedReceiver<Value>>,
    ended: watch::Receiver<Option<String>>,
    last_words: Arc<Mutex<Option<String>>>,
}

impl Service {
    /// Starts `command`; errors call it `name`.
    pub fn start(name: &'static str, mut command: Command, log: Log) -> Result<Self> {
        let file = match &log {
            Log::Terminal => None,
            Log::File(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
        };
        let stderr = file.as_ref().map(File::try_clone).transpose()?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.map_or(Stdio::inherit(), Stdio::from));
        let (group, mut child) =
            ProcessGroup::spawn(&mut command).with_context(|| format!("cannot start {name}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the child has no stdout")?;

        let (said, lines) = unbounded_channel();
        let last_words = Arc::new(Mutex::new(None));
        let words = last_words.clone();
        // Threads, not tasks: a shared stack outlives the runtime of the test that started it.
        let reader = thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match (serde_json::from_str::<Value>(&line), &file) {
                    (Ok(value), _) => {
                        if let Some(died) = value.get("died") {
                            *words.lock().unwrap_or_else(PoisonError::into_inner) = Some(died.to_string());
                        }
                        let _ = said.send(value);
                    }
                    (Err(_), None) => eprintln!("{line}"),
                    (Err(_), Some(file)) => drop(writeln!(&mut &*file, "{line}")),
                }
            }
        });
        let (tell, ended) = watch::channel(None);
        thread::spawn(move || {
            let status =
                group.wait(&mut child).map_or_else(|error| error.to_string(), |status| status.to_string());
            // The group has ended, so its stdout has an end; its last lines may not have been read yet.
            let _ = reader.join();
            let _ = tell.send(Some(status));
        });
        Ok(Self {
            name,
            group,
            log,
            stdin: Mutex::new(stdin),
            lines: tokio::sync::Mutex::new(lines),
            ended,
            last_words,
        })
    }

    /// Process id of the child.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.group.pid()
    }

    /// Writes a line to its stdin.
    pub fn send(&self, line: &Value) -> Result<()> {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = stdin.as_mut().with_context(|| format!("{} is being stopped", self.name))?;
        writeln!(stdin, "{line}").with_context(|| format!("{} does not listen{}", self.name, self.tail()))
    }

    /// Returns the next line that `wanted` accepts; other lines are skipped. Fails when a line has `error`,
    /// when the child ends, and after `within`.
    pub async fn answer(&self, within: Duration, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut lines = self.lines.lock().await;
        let find = async {
            while let Some(line) = lines.recv().await {
                if !wanted(&line) {
                    continue;
                }
                return match line.get("error").and_then(Value::as_str) {
                    Some(error) => Err(anyhow!("{}: {error}{}", self.name, self.tail())),
                    None => Ok(line),
                };
            }
            bail!("{}{}", self.ended().await, self.tail())
        };
        timeout(within, find).await.unwrap_or_else(|_| {
            bail!("{} did not answer within {} s{}", self.name, within.as_secs(), self.tail())
        })
    }

    /// Returns the lines that nothing has waited for so far.
    #[must_use]
    pub fn take_lines(&self) -> Vec<Value> {
        // While an answer is awaited, its receiver takes the lines.
        let Ok(mut lines) = self.lines.try_lock() else { return Vec::new() };
        std::iter::from_fn(|| lines.try_recv().ok()).collect()
    }

    /// Waits until the child has ended, and returns a description of its exit.
    pub async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| status.clone());
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let how = words.map(|died| format!("it died, {died}")).or(status);
        format!("{} ended: {}", self.name, how.unwrap_or_else(|| "for an unknown reason".to_owned()))
    }

    /// Closes the child's stdin so that it ends by itself, and kills it if it does not.
    pub async fn stop(&self) {
        drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
        if timeout(GRACE, self.ended()).await.is_err() {
            self.kill();
            self.ended().await;
        }
    }

    /// Sends SIGKILL to the child and its descendants.
    pub fn kill(&self) {
        if self.group.is_running() {
            self.group.kill();
        }
    }

    fn tail(&self) -> String {
        let Log::File(path) = &self.log else {
            return String::new();
        };
        let log = std::fs::read(path).unwrap_or_default();
        let tail = log.split_at(log.len().saturating_sub(TAIL)).1;
        format!("\n--- the end of {}\n{}", path.display(), String::from_utf8_lossy(tail))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
