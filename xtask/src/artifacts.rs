//! Builds the artifacts of a stack: the Worker, the pages and the regional binary.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};

use anyhow::Result;

use crate::root::Root;
use crate::worker::Size;
use crate::{pages, region, tools, worker};

/// The artifacts of one build.
#[derive(Debug, Clone)]
pub struct Artifacts {
    pub worker: Size,
    pub region: PathBuf,
}

/// Installs missing tools and rebuilds the artifacts whose sources changed. One process builds at a time; it builds
/// the region beside the rest, because each of them has steps that keep one core busy, or none.
pub fn build(root: &Root) -> Result<Artifacts> {
    let _lock = root.lock()?;
    thread::scope(|scope| {
        let region = scope.spawn(|| region::build(root));
        let worker = deployable(root);
        let region = joined(region);
        Ok(Artifacts { worker: worker?, region: region? })
    })
}

/// Builds the artifacts of the edge: the Worker and the pages.
pub fn edge(root: &Root) -> Result<Size> {
    let _lock = root.lock()?;
    deployable(root)
}

fn deployable(root: &Root) -> Result<Size> {
    // First, and once: both builds need them.
    tools::ensure(root)?;
    thread::scope(|scope| {
        let pages = scope.spawn(|| pages::build(root));
        let size = worker::build(root);
        let pages = joined(pages);
        let size = size?;
        pages.map(|()| size)
    })
}

/// Waits for a build beside this one; its panic becomes ours.
fn joined<T>(build: ScopedJoinHandle<Result<T>>) -> Result<T> {
    build.join().unwrap_or_else(|panic| resume_unwind(panic))
}
