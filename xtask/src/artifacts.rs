//! Builds the artifacts of a stack: the Worker, the pages and the regional binary.

use std::path::PathBuf;

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

/// Installs missing tools and rebuilds the artifacts whose sources changed. One process builds at a time.
pub fn build(root: &Root) -> Result<Artifacts> {
    let _lock = root.lock()?;
    let worker = deployable(root)?;
    let region = region::build(root)?;
    Ok(Artifacts { worker, region })
}

/// Builds the artifacts of the edge: the Worker and the pages.
pub fn edge(root: &Root) -> Result<Size> {
    let _lock = root.lock()?;
    deployable(root)
}

fn deployable(root: &Root) -> Result<Size> {
    tools::node::ensure(root)?;
    let size = worker::build(root)?;
    pages::build(root)?;
    Ok(size)
}
