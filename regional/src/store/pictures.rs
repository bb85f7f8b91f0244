//! Pictures: one item each, and their order in the profile.

use super::Store;
use super::blocks::{decrement_count, increment_count};
use super::item::{Item, at, get_number, get_text, get_time, json, n, new_item, optional_text, s};
use super::keys::{Key, PICTURE_PREFIX, Table, player_partition};
use super::query::Query;
use super::retry::until_committed;
use super::status::is_erased;
use super::transact::CommitOutcome;
use super::write_op::WriteOp;
use crate::domain::picture::{Picture, PictureState};
use crate::domain::profile::columns::Column;
use crate::error::Error;
use shared::id::{PictureId, PlayerId};
use shared::limits;
use shared::time::Time;

/// How often the order of pictures is written again while the owner changes the profile.
const ATTEMPTS: u32 = 8;

impl Store {
    /// Returns all pictures of a player, in any state.
    pub async fn pictures_strong(&self, player: &PlayerId) -> Result<Vec<Picture>, Error> {
        let query = Query::new(player_partition(player)).prefix(PICTURE_PREFIX).strong();
        let items = self.query_all("get_pictures", Table::Core, query).await?;
        items.iter().map(read).collect()
    }

    /// Returns a picture, in any state.
    pub async fn picture_strong(&self, player: &PlayerId, id: &PictureId) -> Result<Option<Picture>, Error> {
        let item = self.item_strong("get_picture", &Key::Picture(player.clone(), id.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Stores an announced picture, unless the player has as many as the limit allows. Returns false then: the
    /// condition counts, so that concurrent announcements cannot pass the limit together.
    pub async fn add_picture(&self, picture: &Picture) -> Result<bool, Error> {
        let item = new_item(
            &row_key(picture),
            [
                ("id", s(picture.id.as_str())),
                ("player", s(picture.player.as_str())),
                ("media", s(&picture.media)),
                ("bytes", n(picture.bytes)),
                ("state", s("waiting")),
                ("created", at(picture.created)),
            ],
        );
        let ops = vec![
            WriteOp::put(Table::Core, item).only_if("attribute_not_exists(pk)"),
            increment_count(&picture.player, Column::PictureCount, limits::PICTURES_MAX),
        ];
        let found = match self.commit("add_picture", ops).await? {
            CommitOutcome::Committed => return Ok(true),
            CommitOutcome::ConditionFailed(found) => found,
        };
        match found.into_iter().nth(1).flatten() {
            Some(profile) if !profile.is_empty() && !is_erased(&profile) => Ok(false),
            // The player was erased a moment ago.
            Some(_) | None => Err(Error::Contended { call: "add_picture" }),
        }
    }

    /// Marks a waiting picture as refused, with the reason for its owner.
    pub async fn refuse_picture(&self, picture: &Picture, reason: &str) -> Result<(), Error> {
        let op = WriteOp::update(&row_key(picture)).set("state", s("refused")).set("reason", s(reason));
        self.commit("refuse_picture", vec![if_waiting(op)]).await.map(|_| ())
    }

    /// Appends a waiting picture to the profile. Repeating it changes nothing. Returns false if the picture
    /// or the player no longer exists.
    pub async fn show_picture(&self, picture: &Picture, now: Time) -> Result<bool, Error> {
        until_committed("show_picture", ATTEMPTS, |_| {
            Box::pin(async move {
                let Some(profile) = self.profile_strong(&picture.player).await? else {
                    return Ok(Some(false));
                };
                if profile.pictures.contains(&picture.id) {
                    return Ok(Some(true));
                }
                let mut next = profile.pictures;
                next.push(picture.id.clone());
                let ready = if_waiting(WriteOp::update(&row_key(picture)).set("state", s("ready")));
                let order = order_op(&picture.player, profile.version, &next, now);
                if self.commit("show_picture", vec![ready, order]).await?.is_committed() {
                    return Ok(Some(true));
                }
                // The picture was removed or processed by another worker, or the profile has changed.
                let found = self.picture_strong(&picture.player, &picture.id).await?;
                Ok(match found.map(|picture| picture.state) {
                    Some(PictureState::Waiting) => None,
                    Some(PictureState::Ready) => Some(true),
                    Some(PictureState::Refused(_)) | None => Some(false),
                })
            })
        })
        .await
    }

    /// Deletes a picture, and removes it from the profile. Does nothing if there is no such picture.
    pub async fn remove_picture(&self, player: &PlayerId, id: &PictureId, now: Time) -> Result<(), Error> {
        until_committed("remove_picture", ATTEMPTS, |_| {
            Box::pin(async move {
                let delete = WriteOp::delete(&Key::Picture(player.clone(), id.clone()));
                let mut ops = vec![delete.only_if("attribute_exists(pk)")];
                // The profile of an erased player goes as a whole.
                if let Some(profile) = self.profile_strong(player).await? {
                    let mut next = profile.pictures;
                    let shown = next.len();
                    next.retain(|other| other != id);
                    ops.push(if next.len() < shown {
                        order_op(player, profile.version, &next, now).add(Column::PictureCount.name(), -1)
                    } else {
                        decrement_count(player, Column::PictureCount)
                    });
                }
                Ok(match self.commit("remove_picture", ops).await? {
                    CommitOutcome::Committed => Some(()),
                    // The first write is the picture. If its condition held, the profile has changed.
                    CommitOutcome::ConditionFailed(found) => found.into_iter().next().flatten().map(|_| ()),
                })
            })
        })
        .await
    }
}

fn row_key(picture: &Picture) -> Key {
    Key::Picture(picture.player.clone(), picture.id.clone())
}

fn if_waiting(op: WriteOp) -> WriteOp {
    op.only_if("#state = :waiting").name("#state", "state").value(":waiting", s("waiting"))
}

/// The write that sets the pictures of a profile that is still at this version.
fn order_op(player: &PlayerId, version: u64, pictures: &[PictureId], now: Time) -> WriteOp {
    WriteOp::update(&Key::Profile(player.clone()))
        .add(Column::Version.name(), 1)
        .set(Column::Updated.name(), at(now))
        .set(Column::Pictures.name(), s(json(&pictures)))
        .only_if("v = :version AND attribute_not_exists(erased)")
        .value(":version", n(version))
}

fn read(item: &Item) -> Result<Picture, Error> {
    let state: String = get_text(item, "state")?;
    Ok(Picture {
        id: get_text(item, "id")?,
        player: get_text(item, "player")?,
        media: get_text(item, "media")?,
        bytes: get_number(item, "bytes")?,
        state: match state.as_str() {
            "waiting" => PictureState::Waiting,
            "ready" => PictureState::Ready,
            "refused" => PictureState::Refused(optional_text(item, "reason")?.unwrap_or_default()),
            _ => return Err(Error::Corrupt { attribute: "state" }),
        },
        created: get_time(item, "created")?,
    })
}
