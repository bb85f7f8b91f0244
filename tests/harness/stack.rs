//! The real stack for a test: the Worker in workerd and the region, on ports and data of their own.
//!
//! A test that only talks to it takes [`shared()`]; one that kills, stops or reads the disk takes one of its own
//! from [`start`] or [`start_with`].
//! What one can do to a stack is said at [`Stack`]: `evict`, `kill_workerd` and `restart_edge`, `stop_region` and
//! `start_region`, all on the same data and the same ports.

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

/// Data of stacks that nobody runs any more is removed after this long; until then one can look at it.
const KEPT: Duration = Duration::from_mins(10);

/// The one stack of this test binary. It ends with the process: its parts end when their stdin closes.
pub async fn shared() -> Result<&'static Stack> {
    static SHARED: OnceCell<Stack> = OnceCell::const_new();
    SHARED.get_or_try_init(start).await
}

/// A stack of one's own, with debug commands on and logs in its data directory. It ends with the value.
pub async fn start() -> Result<Stack> {
    start_with(|_| ()).await
}

/// The same, after `change` has altered how it starts: more values for the Worker, more of the region's environment.
pub async fn start_with(change: impl FnOnce(&mut Options)) -> Result<Stack> {
    let mut options = options()?;
    change(&mut options);
    Stack::start(&Root::here(), built().await?, options).await
}

/// The same, with a link between edge and region that counts what passes, and fails when it is told to.
pub async fn start_linked(change: impl FnOnce(&mut Options)) -> Result<(Stack, Link)> {
    let mut options = options()?;
    change(&mut options);
    let link = Link::before(&mut options).await?;
    let stack = Stack::start(&Root::here(), built().await?, options).await?;
    Ok((stack, link))
}

fn options() -> Result<Options> {
    let mut options = Options {
        debug_commands: true,
        log_to_files: true,
        ..Options::new(data()?, port::take(0, "")?, port::take(0, "")?)
    };
    // A hundred tests come from one address; the one that looks at the pace turns it on again.
    options.unpace_edge();
    Ok(options)
}

/// What every stack runs, built once a process; other processes wait for the one that builds.
pub async fn built() -> Result<&'static Artifacts> {
    static BUILT: OnceCell<Artifacts> = OnceCell::const_new();
    BUILT.get_or_try_init(|| async { spawn_blocking(|| artifacts::build(&Root::here())).await? }).await
}

/// A new data directory, in memory where there is room.
pub fn data() -> Result<PathBuf> {
    folder(&scratch::folder(&Root::here(), "stacks"))
}

/// A new folder on the disk, from which programs may be run, under `target/`.
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
    is_free && age.is_some_and(|age| age > KEPT)
}
