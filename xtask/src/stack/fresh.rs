//! A stack for a while: what is needed to start one whose data nobody keeps.

use std::path::PathBuf;

use anyhow::Result;
use tokio::task::spawn_blocking;

use super::{Options, forget};
use crate::artifacts::{self, Artifacts};
use crate::root::Root;
use crate::{port, scratch};

/// What it runs, and how: on free ports, its logs beside its data, which is in `data`, or where [`scratch`] says for
/// this name. What was kept there before is forgotten.
pub async fn fresh(root: &Root, data: Option<PathBuf>, name: &str) -> Result<(Artifacts, Options)> {
    let here = root.clone();
    let artifacts = spawn_blocking(move || artifacts::build(&here)).await??;
    let data = std::path::absolute(data.unwrap_or_else(|| scratch::folder(root, name)))?;
    forget(&data)?;
    let options =
        Options { log_to_files: true, ..Options::new(data, port::take(0, "")?, port::take(0, "")?) };
    Ok((artifacts, options))
}
