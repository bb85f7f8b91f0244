//! The local stack: the Worker in workerd and the region, on one data directory.

pub mod moderator;
pub mod options;
mod temporary;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use serde_json::Value;

use crate::artifacts::Artifacts;
use crate::driver::{Driver, WebSockets};
use crate::health;
use crate::manifest::Manifest;
use crate::region::Region;
use crate::root::Root;
use crate::secrets::Secrets;
pub use options::{Options, Provider};
pub use temporary::fresh;

/// Process ids of the listening processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pids {
    pub workerd: u32,
    /// The regional binary; 0 while it is stopped.
    pub region: u32,
}

/// A running stack. It ends when the value is dropped, and when this process ends for any reason.
#[derive(Debug)]
pub struct Stack {
    root: Root,
    options: Options,
    edge_url: String,
    region_url: String,
    service_key: String,
    webhook_secret: String,
    program: PathBuf,
    values: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    edge: RwLock<Arc<Driver>>,
    region: RwLock<Option<Arc<Region>>>,
    /// At most one stack runs on a data directory.
    _lock: File,
}

impl Stack {
    /// Starts the region and the Worker, and waits until both answer.
    pub async fn start(root: &Root, artifacts: &Artifacts, options: Options) -> Result<Self> {
        raise_open_files();
        let lock = occupy(&options.data)?;
        let secrets = Secrets::of(&options.data)?;
        let values = options.edge(&secrets);
        let env = options.region(&secrets, &Manifest::read(root)?);
        let program = artifacts.region.clone();
        let (objects, edge_log) = (options.data.join("edge"), options.log("edge"));
        // Concurrently: neither needs the other to start.
        let (region, edge) = tokio::join!(
            start_region(&program, &options, &env),
            Driver::start(root, &objects, options.edge_port, &values, edge_log),
        );
        let (region, edge) = (RwLock::new(Some(Arc::new(region?))), RwLock::new(Arc::new(edge?)));
        let (edge_url, region_url) = (options.edge_url(), options.region_url());
        let stack = Self {
            root: root.clone(),
            options,
            edge_url,
            region_url,
            service_key: secrets.service_key,
            webhook_secret: secrets.webhook_secret,
            program,
            values,
            env,
            edge,
            region,
            _lock: lock,
        };
        tokio::try_join!(health::wait(&stack.region_url), health::wait(&stack.edge_url))?;
        Ok(stack)
    }

    /// `http://127.0.0.1:PORT` of the Worker. The port stays the same over restarts.
    #[must_use]
    pub fn edge_url(&self) -> &str {
        &self.edge_url
    }

    /// `http://127.0.0.1:PORT` of the region. The port stays the same over restarts.
    #[must_use]
    pub fn region_url(&self) -> &str {
        &self.region_url
    }

    /// A key of the service API with all scopes.
    #[must_use]
    pub fn service_key(&self) -> &str {
        &self.service_key
    }

    /// The secret that verifies the messages to [`Options::webhook`].
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    /// The id of the moderator that the options name, or `first` as long as no player has signed in.
    #[must_use]
    pub fn moderator(&self) -> Option<String> {
        self.options.moderator.as_ref().map(|moderator| moderator.on(&self.options.data))
    }

    /// The identity provider of players, if there is one.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.options.provider.as_ref()
    }

    /// The data directory of the stack.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.options.data
    }

    /// Process ids of the processes that listen now.
    #[must_use]
    pub fn pids(&self) -> Pids {
        Pids {
            workerd: self.edge().workerd(),
            region: self.region().map_or(0, |region| region.service().pid()),
        }
    }

    /// Returns the lines that the region wrote for its requests since the last call; none without `METRICS`.
    #[must_use]
    pub fn region_lines(&self) -> Vec<Value> {
        self.region().map(|region| region.service().take_lines()).unwrap_or_default()
    }

    /// Evicts an object from memory: `class` as in `wrangler.toml`, `name` as the Worker names it. Returns
    /// false if it was not in memory.
    pub async fn evict(&self, class: &str, name: &str, web_sockets: WebSockets) -> Result<bool> {
        self.edge().evict(class, name, web_sockets).await
    }

    /// Restarts the Worker with the newly built artifacts.
    pub async fn reload_edge(&self) -> Result<()> {
        self.edge().reload().await?;
        health::wait(&self.edge_url).await
    }

    /// Sends SIGKILL to workerd: unsaved state is lost and every socket breaks. Nothing listens until
    /// [`Stack::restart_edge`].
    pub async fn kill_workerd(&self) -> Result<()> {
        self.edge().kill_workerd().await
    }

    /// Starts the Worker again, on the same data and port.
    pub async fn restart_edge(&self) -> Result<()> {
        self.edge().service().stop().await;
        let (port, log) = (self.options.edge_port, self.options.log("edge"));
        let edge =
            Driver::start(&self.root, &self.options.data.join("edge"), port, &self.values, log).await?;
        *self.edge.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(edge);
        health::wait(&self.edge_url).await
    }

    /// Stops the region; nothing listens there until [`Stack::start_region`].
    pub async fn stop_region(&self) {
        let region = self.region.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(region) = region {
            region.service().stop().await;
        }
    }

    /// Sends SIGKILL to the region.
    pub async fn kill_region(&self) {
        let region = self.region.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(region) = region {
            region.service().kill();
            region.service().ended().await;
        }
    }

    /// Starts the region again, on the same data and port.
    pub async fn start_region(&self) -> Result<()> {
        self.stop_region().await;
        let region = start_region(&self.program, &self.options, &self.env).await?;
        *self.region.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(region));
        health::wait(&self.region_url).await
    }

    /// Waits until a part ends unexpectedly, and describes which and how. Must be called again after each
    /// restart.
    pub async fn ended_unexpectedly(&self) -> String {
        let (edge, region) = (self.edge(), self.region());
        let region = async {
            match &region {
                Some(region) => region.service().ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            how = edge.service().ended() => how,
            how = region => how,
        }
    }

    /// Stops both parts and waits for their end.
    pub async fn stop(&self) {
        let edge = self.edge();
        tokio::join!(edge.service().stop(), self.stop_region());
    }

    fn edge(&self) -> Arc<Driver> {
        self.edge.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn region(&self) -> Option<Arc<Region>> {
        self.region.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Removes a stack's files from `data`, and nothing else in it.
pub fn delete_data(data: &Path) -> Result<()> {
    let lock = if data.exists() { Some(occupy(data)?) } else { None };
    for name in ["edge", "region"] {
        let dir = data.join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
    }
    for name in ["secrets.json", "edge.log", "region.log"] {
        let file = data.join(name);
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    drop(lock);
    Ok(())
}

async fn start_region(program: &Path, options: &Options, env: &BTreeMap<String, String>) -> Result<Region> {
    Region::start(program, &options.data.join("region"), options.region_port, env, options.log("region"))
        .await
}

fn occupy(data: &Path) -> Result<File> {
    for name in ["edge", "region"] {
        let dir = data.join(name);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let lock = File::create(data.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another stack runs on {}. Stop it, or choose another directory with `--data DIR`.",
                data.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", data.display()))
        }
    }
}

/// Raises the limit of open files: sockets are files, and the usual soft limit is 1024. Children inherit the
/// limit.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
