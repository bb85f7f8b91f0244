//! Runs the Worker: `xtask/driver` on the pinned Node, with workerd as its child.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process_group;
use crate::root::Root;
use crate::service::{Log, Service};
use crate::tools::node;

/// Limit for workerd's start: about a second alone, several when compilers run beside it.
const START: Duration = Duration::from_mins(1);
/// Limit for the answer to a command.
const COMMAND: Duration = Duration::from_secs(30);

/// The behaviour of an evicted object's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebSockets {
    /// They stay open and wake a new instance, as after hibernation.
    Hibernate,
    /// They close with 1006 at the client, as at a deploy.
    Close,
}

/// The running Worker process.
#[derive(Debug)]
pub struct Driver {
    service: Service,
    workerd: AtomicU32,
    next: AtomicU64,
}

impl Driver {
    /// Starts the Worker on `port` with its objects stored in `data`; `values` override names of
    /// `wrangler.toml`.
    pub async fn start(
        root: &Root,
        data: &Path,
        port: u16,
        values: &BTreeMap<String, String>,
        log: Log,
    ) -> Result<Self> {
        let mut command = node::ensure(root)?.typescript(root.path("xtask/driver/main.ts"));
        command.current_dir(root.dir()).env("WRANGLER_SEND_METRICS", "false");
        let service = Service::start("the Worker", command, log)?;
        let driver = Self { service, workerd: AtomicU32::new(0), next: AtomicU64::new(1) };
        let config = root.path("wrangler.toml");
        driver.service.send(&json!({ "config": config, "data": data, "port": port, "values": values }))?;
        let ready = driver.service.answer(START, |_| true).await?;
        driver.update_pid(ready.get("ready"))?;
        Ok(driver)
    }

    /// The driver's process, which ends when workerd ends.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Process id of workerd, which a reload changes.
    #[must_use]
    pub fn workerd(&self) -> u32 {
        self.workerd.load(Ordering::Relaxed)
    }

    /// Evicts an object from memory, as the platform does at any time. Returns false if it was not in memory.
    pub async fn evict(&self, class: &str, name: &str, web_sockets: WebSockets) -> Result<bool> {
        let web_sockets = match web_sockets {
            WebSockets::Hibernate => "hibernate",
            WebSockets::Close => "close",
        };
        let command = json!({ "cmd": "evict", "class": class, "name": name, "webSockets": web_sockets });
        match self.request(command).await {
            Ok(_) => Ok(true),
            Err(error) if error.to_string().contains("not currently running") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Restarts the Worker with the current build and pages, on the same data and port.
    pub async fn reload(&self) -> Result<()> {
        let answer = self.request(json!({ "cmd": "reload" })).await?;
        self.update_pid(answer.get("reloaded"))
    }

    /// Sends SIGKILL to workerd alone. The driver reports the death and ends; returns when it has ended.
    pub async fn kill_workerd(&self) -> Result<()> {
        process_group::kill(self.workerd())?;
        tokio::time::timeout(COMMAND, self.service.ended())
            .await
            .context("the driver did not end after workerd")?;
        Ok(())
    }

    async fn request(&self, mut command: Value) -> Result<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(command) = command.as_object_mut() {
            command.insert("id".to_owned(), json!(id));
        }
        self.service.send(&command)?;
        self.service.answer(COMMAND, |line| line.get("id").and_then(Value::as_u64) == Some(id)).await
    }

    fn update_pid(&self, answer: Option<&Value>) -> Result<()> {
        let pid = answer
            .and_then(|answer| answer.get("workerd_pid")?.as_u64())
            .context("the driver's answer has no workerd_pid")?;
        self.workerd.store(u32::try_from(pid)?, Ordering::Relaxed);
        Ok(())
    }
}
