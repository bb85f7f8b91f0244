//! What happens to a picture once its file is there: looked at, scaled, shown, or refused with a reason.

use crate::bucket::Bucket;
use crate::clock::Clock;
use crate::error::Error;
use crate::picture::{Picture, SIDES, State, develop, of_upload, variant};
use crate::store::Store;
use axum::body::Bytes;
use shared::id::{PictureId, PlayerId};
use tokio::task::spawn_blocking;

/// Does the work on pictures. Each step may be repeated.
#[derive(Debug, Clone)]
pub struct Studio {
    /// What is known of pictures.
    pub store: Store,
    /// Their files.
    pub bucket: Bucket,
    /// What time it is.
    pub clock: Clock,
}

impl Studio {
    /// A file was uploaded under this key. One that nobody announced, or that was seen to before, is only removed.
    pub async fn uploaded(&self, key: &str) -> Result<(), Error> {
        let Some((player, id)) = of_upload(key) else {
            return Ok(());
        };
        let picture = self.store.picture_strong(&player, &id).await?;
        if let Some(picture) = picture.filter(|picture| picture.state == State::Waiting) {
            self.develop(&picture).await?;
        }
        self.bucket.delete(key, self.clock.now()).await
    }

    async fn develop(&self, picture: &Picture) -> Result<(), Error> {
        let file = self.bucket.get(&picture.upload(), self.clock.now()).await?;
        let Some(file) = file else {
            return Ok(());
        };
        let media = picture.media.clone();
        // Seconds of work: not on a thread that others wait for.
        let made = spawn_blocking(move || develop(&media, &file)).await;
        let made = made.unwrap_or_else(|_| Err("It cannot be read.".into()));
        let variants = match made {
            Ok(variants) => variants,
            Err(reason) => return self.store.refuse_picture(picture, &reason).await,
        };
        for (side, file) in variants {
            let key = variant(&picture.player, &picture.id, side);
            let now = self.clock.now();
            self.bucket.put(&key, "image/jpeg", Bytes::from(file), now).await?;
        }
        let shown = self.store.show_picture(picture, self.clock.now()).await?;
        if !shown {
            // Removed meanwhile: the files were written after that, so they go too.
            self.remove_files(&picture.player, &picture.id).await?;
        }
        Ok(())
    }

    /// Removes a picture and all its files.
    pub async fn remove(&self, player: &PlayerId, id: &PictureId) -> Result<(), Error> {
        self.store.remove_picture(player, id, self.clock.now()).await?;
        self.remove_files(player, id).await
    }

    async fn remove_files(&self, player: &PlayerId, id: &PictureId) -> Result<(), Error> {
        let now = self.clock.now();
        self.bucket.delete(&format!("in/{player}/{id}"), now).await?;
        for side in SIDES {
            self.bucket.delete(&variant(player, id, side), now).await?;
        }
        Ok(())
    }

    /// Removes all pictures of somebody.
    pub async fn remove_all(&self, player: &PlayerId) -> Result<(), Error> {
        for picture in self.store.pictures_strong(player).await? {
            // The item last: while it is there, somebody knows that there are files.
            self.remove_files(player, &picture.id).await?;
            self.store.remove_picture(player, &picture.id, self.clock.now()).await?;
        }
        Ok(())
    }
}
