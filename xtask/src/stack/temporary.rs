//! Prepares a temporary stack, whose data is not kept.

use std::path::PathBuf;

use anyhow::Result;
use tokio::task::spawn_blocking;

use super::{Options, delete_data};
use crate::artifacts::{self, Artifacts};
use crate::root::Root;
use crate::{port, scratch};

/// Returns the artifacts and options of a temporary stack: on free ports, with its logs beside its data, in
/// `data` or in the folder of [`scratch`] for this name. Earlier data is deleted.
pub async fn fresh(root: &Root, data: Option<PathBuf>, name: &str) -> Result<(Artifacts, Options)> {
    let here = root.clone();
    let artifacts = spawn_blocking(move || artifacts::build(&here)).await??;
    let data = std::path::absolute(data.unwrap_or_else(|| scratch::folder(root, name)))?;
    delete_data(&data)?;
    let options =
        Options { log_to_files: true, ..Options::new(data, port::take(0, "")?, port::take(0, "")?) };
    Ok((artifacts, options))
}
