//! `cargo xtask hooks`: receives webhooks on this machine, and lists and replays those that could not be delivered.

mod listen;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::root::Root;
use crate::secrets::Secrets;

/// Receives webhooks on this machine, and lists and replays those that could not be delivered.
///
/// `dead` and `replay` use the service key in the environment variable `SERVICE_KEY`, with the scope `moderation`, or that
/// of the local stack.
#[derive(Debug, Clone, Args)]
pub struct Hooks {
    #[command(subcommand)]
    task: Task,
    /// The data directory of the local stack, which has its secrets [default: target/dev]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum Task {
    /// Verifies messages and prints them, until Ctrl-C; `cargo dev --webhook URL` sends them
    Listen {
        /// Port on this machine; 0 takes any free one
        #[arg(long, default_value_t = 8090)]
        port: u16,
        /// The secret of the endpoint [default: that of the local stack]
        #[arg(long, value_name = "WHSEC")]
        secret: Option<String>,
        /// Answer with this status instead of 204, to try failures
        #[arg(long, default_value_t = 204)]
        status: u16,
    },
    /// Lists the events that could not be delivered
    Dead(Region),
    /// Sends an event again that could not be delivered
    Replay {
        /// The `webhook-id` of the event
        message: String,
        #[command(flatten)]
        region: Region,
    },
}

#[derive(Debug, Clone, Args)]
struct Region {
    /// Address of the region
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    region: String,
}

impl Region {
    /// Returns the service key of the environment, or that of the local stack. An option would show it to every process.
    fn key(secrets: impl Fn() -> Result<Secrets>) -> Result<String> {
        std::env::var("SERVICE_KEY").or_else(|_| Ok(secrets()?.service_key))
    }
}

/// Runs the command.
pub async fn run(root: &Root, hooks: Hooks) -> Result<()> {
    let data = hooks.data.unwrap_or_else(|| root.path("target/dev"));
    let secrets = || {
        ensure!(data.join("secrets.json").exists(), "{} has no stack: run `cargo dev` first", data.display());
        Secrets::of(&data)
    };
    match hooks.task {
        Task::Listen { port, secret, status } => {
            let secret = match secret {
                Some(secret) => secret,
                None => secrets()?.webhook_secret,
            };
            listen::run(port, &secret, status).await
        }
        Task::Dead(region) => dead(&region.region, &Region::key(secrets)?).await,
        Task::Replay { message, region } => {
            let url = format!("{}/v1/webhooks/dead/{message}/replay", region.region);
            answer(Client::new().post(url).bearer_auth(Region::key(secrets)?)).await?;
            println!("{message} is due again.");
            Ok(())
        }
    }
}

/// Prints all dead events, newest first.
async fn dead(region: &str, key: &str) -> Result<()> {
    let (client, mut cursor, mut count) = (Client::new(), None::<String>, 0);
    loop {
        let request = client.get(format!("{region}/v1/webhooks/dead")).bearer_auth(key);
        let page = answer(request.query(&cursor.as_ref().map(|cursor| [("cursor", cursor)]))).await?;
        for message in page.get("messages").and_then(Value::as_array).context("the region sent no list")? {
            let text =
                |field: &str| message.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (id, kind, endpoint, died) = (text("message"), text("type"), text("endpoint"), text("died"));
            println!("{id}  {kind:<15} {endpoint:<12} {died}  {}", text("error"));
            count += 1;
        }
        cursor = page.get("cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            eprintln!("{count} events could not be delivered.");
            return Ok(());
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await.context("the region cannot be reached")?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if !status.is_success() {
        bail!(
            "the region answers {status}: {}",
            body.get("detail").and_then(Value::as_str).unwrap_or_default()
        );
    }
    Ok(body)
}
