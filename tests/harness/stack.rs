//! The real stack for a test: the Worker in workerd and the region, with their own ports and data.
//!
//! A test that only sends requests uses [`shared()`]; a test that kills, stops or reads the disk starts
//! another stack with [`start`] or [`start_with`]. [`Stack`] documents `evict`, `kill_workerd`,
//! `restart_edge`, `stop_region` and `start_region`, which all keep the data and the ports.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
pub use xtask::driver::WebSockets;
use xtask::faults::Link;
use xtask::port;
use xtask::root::Root;
use xtask::scratch;
pub use xtask::stack::{Options, Stack};
use xtask::{artifacts, artifacts::Artifacts};

/// Age after which the data of stopped stacks is removed; until then it can be inspected.
const DATA_TTL: Duration = Duration::from_mins(10);

/// Returns the shared stack of this test binary. It ends with the process, which closes the stdin of its
/// parts.
pub async fn shared() -> Result<&'static Stack> {
    static SHARED: OnceCell<Stack> = OnceCell::const_new();
    SHARED.get_or_try_init(start).await
}

/// Starts a stack with debug commands on and logs in its data directory. It ends when it is dropped.
pub async fn start() -> Result<Stack> {
    start_with(|_| ()).await
}

/// Starts a stack with changed options: more values for the Worker, more environment for the region.
pub async fn start_with(change: impl FnOnce(&mut Options)) -> Result<Stack> {
    let mut options = options()?;
    change(&mut options);
    Stack::start(&Root::here(), built().await?, options).await
}

/// Starts a stack with a link between edge and region that counts requests and injects faults.
pub async fn start_linked(change: impl FnOnce(&mut Options)) -> Result<(Stack, Link)> {
    let mut options = options()?;
    change(&mut options);
    let link = Link::in_front_of(&mut options).await?;
    let stack = Stack::start(&Root::here(), built().await?, options).await?;
    Ok((stack, link))
}

fn options() -> Result<Options> {
    let mut options = Options {
        debug_commands: true,
        log_to_files: true,
        ..Options::new(data()?, port::take(0, "")?, port::take(0, "")?)
    };
    // A hundred tests share one address; the test of the rate limit turns it on again.
    options.disable_rate_limits();
    Ok(options)
}

/// Builds the artifacts that every stack runs, once per process. Other processes wait for the build.
pub async fn built() -> Result<&'static Artifacts> {
    static BUILT: OnceCell<Artifacts> = OnceCell::const_new();
    BUILT.get_or_try_init(|| async { spawn_blocking(|| artifacts::build(&Root::here())).await? }).await
}

/// Makes a new data directory, in memory if there is room.
pub fn data() -> Result<PathBuf> {
    folder(&scratch::folder(&Root::here(), "stacks"))
}

/// Makes a new folder under `target/`, on a disk from which programs can be run.
pub fn disk() -> Result<PathBuf> {
    folder(&Root::here().path("target/stacks"))
}

fn folder(all: &Path) -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    fs::create_dir_all(all)?;
    for old in fs::read_dir(all)?.flatten().filter(|old| is_abandoned(&old.path())) {
        let _ = fs::remove_dir_all(old.path());
    }
    let data = all.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    Ok(data)
}

fn is_abandoned(data: &Path) -> bool {
    let age = fs::metadata(data).and_then(|of| of.modified()).ok().and_then(|at| at.elapsed().ok());
    let is_free = File::open(data.join("lock")).map_or(true, |lock| lock.try_lock().is_ok());
    is_free && age.is_some_and(|age| age > DATA_TTL)
}
