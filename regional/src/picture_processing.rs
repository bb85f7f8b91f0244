//! Processes uploaded pictures: renders the variants and adds them to the profile, or refuses the file with a
//! reason.

use crate::clock::Clock;
use crate::domain::picture::{
    Picture, PictureState, VARIANT_SIDES, parse_upload_key, render_variants, upload_key, variant_key,
};
use crate::error::Error;
use crate::integrations::object_store::Bucket;
use crate::store::Store;
use axum::body::Bytes;
use shared::id::{PictureId, PlayerId};
use tokio::task::spawn_blocking;

/// Processes and removes pictures. Every step can be repeated.
#[derive(Debug, Clone)]
pub struct PictureProcessor {
    pub store: Store,
    pub bucket: Bucket,
    pub clock: Clock,
}

impl PictureProcessor {
    /// Processes the upload with this object key. A file that was not announced, or that was processed
    /// before, is only deleted.
    pub async fn process_upload(&self, key: &str) -> Result<(), Error> {
        let Some((player, id)) = parse_upload_key(key) else {
            return Ok(());
        };
        let picture = self.store.picture_strong(&player, &id).await?;
        if let Some(picture) = picture.filter(|picture| picture.state == PictureState::Waiting) {
            self.process(&picture).await?;
        }
        self.bucket.delete(key, self.clock.now()).await
    }

    async fn process(&self, picture: &Picture) -> Result<(), Error> {
        let file = self.bucket.get(&picture.upload_key(), self.clock.now()).await?;
        let Some(file) = file else {
            return Ok(());
        };
        let media = picture.media.clone();
        // Rendering takes seconds, so it must not block the runtime.
        let rendered = spawn_blocking(move || render_variants(&media, &file)).await;
        let rendered = rendered.unwrap_or_else(|_| Err("The file cannot be read.".into()));
        let variants = match rendered {
            Ok(variants) => variants,
            Err(reason) => return self.store.refuse_picture(picture, &reason).await,
        };
        for (side, file) in variants {
            let key = variant_key(&picture.player, &picture.id, side);
            let now = self.clock.now();
            self.bucket.put(&key, "image/jpeg", Bytes::from(file), now).await?;
        }
        let shown = self.store.show_picture(picture, self.clock.now()).await?;
        if !shown {
            // The picture was removed in between, before the files were written, so they must be deleted
            // here.
            self.remove_files(&picture.player, &picture.id).await?;
        }
        Ok(())
    }

    /// Deletes a picture and its files.
    pub async fn remove(&self, player: &PlayerId, id: &PictureId) -> Result<(), Error> {
        self.store.remove_picture(player, id, self.clock.now()).await?;
        self.remove_files(player, id).await
    }

    async fn remove_files(&self, player: &PlayerId, id: &PictureId) -> Result<(), Error> {
        let now = self.clock.now();
        self.bucket.delete(&upload_key(player, id), now).await?;
        for side in VARIANT_SIDES {
            self.bucket.delete(&variant_key(player, id, side), now).await?;
        }
        Ok(())
    }

    /// Deletes all pictures of a player.
    pub async fn remove_all(&self, player: &PlayerId) -> Result<(), Error> {
        for picture in self.store.pictures_strong(player).await? {
            // The item is deleted last: as long as it exists, the files are found again after a crash.
            self.remove_files(player, &picture.id).await?;
            self.store.remove_picture(player, &picture.id, self.clock.now()).await?;
        }
        Ok(())
    }
}
