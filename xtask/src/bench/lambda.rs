//! `cargo xtask bench lambda`: measures start time, answer time and size of the function behind the HTTP API.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Args;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::Times;
use crate::lambda::megabytes;
use crate::program;
use crate::root::Root;
use crate::runtime_api::Function;

/// Starts the function's release build for this machine under Lambda's runtime interface, sends it requests
/// that need no store, and ends it.
#[derive(Debug, Clone, Args)]
pub struct Lambda {
    /// Number of starts
    #[arg(long, default_value_t = 20)]
    starts: usize,
    /// Measured answers of each start, once it is warm
    #[arg(long, default_value_t = 200)]
    warm: usize,
}

impl Lambda {
    pub(super) async fn run(&self, root: &Root) -> Result<String> {
        ensure!(self.starts > 0, "--starts must be 1 or more");
        let here = root.clone();
        let program = spawn_blocking(move || {
            let flags = ["--release", "--package", "regional"];
            program::build(&here, "Building the function for release", "lambda", &flags)
        })
        .await??;
        let event = event(root)?;
        let key = BASE64.encode([1; 32]);
        let env = environment(&key);
        let (mut init, mut first, mut warm) = (Times::new()?, Times::new()?, Times::new()?);
        let mut resident = Vec::new();
        for _ in 0..self.starts {
            let begun = Instant::now();
            let mut function = Function::start(program.clone(), &env).await?;
            function.ready().await?;
            init.add(begun.elapsed());
            first.add(ask(&function, &event).await?);
            for _ in 0..self.warm {
                warm.add(ask(&function, &event).await?);
            }
            resident.push(kibibytes(&function)?);
        }
        resident.sort_unstable();
        let rss = resident.get(resident.len() / 2).context("a start")?;
        Ok(format!(
            "{} cold starts of the function behind the HTTP API\n  init:          {}\n  first answer:  {}\n  \
             warm answers:  {}\n  resident:      {} after {} answers\n  binary:        {}, zipped {}",
            self.starts,
            init.show(),
            first.show(),
            warm.show(),
            megabytes(rss * 1024),
            self.warm + 1,
            megabytes(fs::metadata(&program)?.len()),
            megabytes(zipped(&program)?),
        ))
    }
}

/// Returns a request of the public keys, a route that uses neither store nor network.
fn event(root: &Root) -> Result<Value> {
    let text = fs::read_to_string(root.path("regional/events/profile.json"))?;
    let path = "/.well-known/jwks.json";
    let mut event: Value = serde_json::from_str(&text)?;
    for field in ["/rawPath", "/requestContext/http/path"] {
        *event.pointer_mut(field).context("an event of the HTTP API")? = json!(path);
    }
    Ok(event)
}

fn environment(key: &str) -> [(&str, &str); 13] {
    [
        ("TABLE_CORE", "core"),
        ("TABLE_HISTORY", "history"),
        ("TABLE_EVENTS", "events"),
        ("ISSUER", "https://region.example"),
        ("AUDIENCE", "matchpoint"),
        ("SIGNING_KID", "k1"),
        ("SIGNING_SEED", key),
        ("EDGE_TO_REGION_KEYS", key),
        ("METRICS", "on"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
    ]
}

async fn ask(function: &Function, event: &Value) -> Result<std::time::Duration> {
    let begun = Instant::now();
    let answer = function.invoke(event).await?;
    let took = begun.elapsed();
    let status = answer.get("statusCode");
    ensure!(status == Some(&json!(200)), "the function answered {answer}");
    Ok(took)
}

/// Returns the resident memory of the process.
fn kibibytes(function: &Function) -> Result<u64> {
    let pid = function.pid().context("it runs")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .context("only Linux says how much memory a process holds")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.context("VmRSS in /proc")
}

/// Returns the size in a zip file, without the few bytes of its headers.
fn zipped(program: &Path) -> Result<u64> {
    let mut deflate = DeflateEncoder::new(Counted(0), Compression::default());
    io::copy(&mut File::open(program)?, &mut deflate)?;
    Ok(deflate.finish()?.0)
}

/// Counts the bytes that are written.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
