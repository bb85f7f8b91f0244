//! Tests that nothing is confirmed which an object could not store.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::stack::{self, Stack};

use super::chat::server;
use super::region_client::{notify, now, send_notices, with_session};

/// The databases of the players' objects, put aside, with files in their place that are none.
struct Aside {
    objects: PathBuf,
    kept: PathBuf,
}

impl Aside {
    fn put(stack: &Stack) -> Result<Self> {
        let objects = stack.data().join("edge/objects/matchpoint-PlayerObject");
        let kept = objects.with_extension("kept");
        fs::rename(&objects, &kept).with_context(|| format!("no folder {}", objects.display()))?;
        fs::create_dir(&objects)?;
        for file in fs::read_dir(&kept)? {
            let file = file?;
            let place = objects.join(file.file_name());
            // The platform's list of objects stays as it is.
            if file.file_name().to_string_lossy().starts_with("metadata.") {
                fs::copy(file.path(), place)?;
            } else {
                fs::write(place, "this is not a database")?;
            }
        }
        Ok(Self { objects, kept })
    }

    fn put_back(self) -> Result<()> {
        fs::remove_dir_all(&self.objects)?;
        Ok(fs::rename(&self.kept, &self.objects)?)
    }
}

#[tokio::test]
async fn notice_that_an_object_cannot_store_is_repeated_until_it_is_stored() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    let first = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 1}]);
    notify(&stack, first).await?;
    stack.kill_workerd().await?;
    let aside = Aside::put(&stack)?;
    stack.restart_edge().await?;
    let second = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 2}]);
    let answer = send_notices(&stack, &second).await?;
    let (status, body) = (answer.status().as_u16(), answer.text().await?);
    ensure!(status == 503, "a notice that nothing stored was answered {status} {body}");
    stack.kill_workerd().await?;
    aside.put_back()?;
    stack.restart_edge().await?;
    notify(&stack, second).await?;
    let revoked = with_session(&stack, &ana, "s_1", 1)?;
    let mut socket = server.me(&revoked).connect().await?;
    socket.closed_with(4302).await?;
    stack.stop().await;
    Ok(())
}
