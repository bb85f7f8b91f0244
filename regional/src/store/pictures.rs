//! Pictures in the store: one item each, and their order in the profile.

use super::Store;
use super::item::{Item, at, get_number, get_text, get_time, n, optional_text, s};
use super::keys::{Key, PICTURES, Table, core};
use super::profiles::json;
use super::read::Run;
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use crate::picture::{Picture, State};
use shared::id::{PictureId, PlayerId};
use shared::time::Time;

/// How often a profile is read anew while its owner changes it.
const ATTEMPTS: u32 = 8;

impl Store {
    /// All pictures of a player, as they are at this moment.
    pub async fn pictures_strong(&self, player: &PlayerId) -> Result<Vec<Picture>, Error> {
        let run = Run { pk: core(player), prefix: PICTURES.into(), strong: true, ..Run::default() };
        let items = self.run("get_pictures", Table::Core, run).await?;
        items.iter().map(read).collect()
    }

    /// A picture as it is at this moment.
    pub async fn picture_strong(&self, player: &PlayerId, id: &PictureId) -> Result<Option<Picture>, Error> {
        let key = Key::Picture(player, id);
        let item = self.item_strong("get_picture", key).await?;
        item.as_ref().map(read).transpose()
    }

    /// Keeps a picture that was announced.
    pub async fn add_picture(&self, picture: &Picture) -> Result<(), Error> {
        let mut item = Key::Picture(&picture.player, &picture.id).item();
        let fields = [
            ("t", s("picture")),
            ("id", s(picture.id.as_str())),
            ("player", s(picture.player.as_str())),
            ("media", s(&picture.media)),
            ("bytes", n(picture.bytes)),
            ("state", s("waiting")),
            ("created", at(picture.created)),
        ];
        item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        let steps = vec![
            Step::put(Table::Core, item).only_if("attribute_not_exists(pk)"),
            Step::check(Key::Profile(&picture.player))
                .only_if("attribute_exists(pk) AND attribute_not_exists(erased)"),
        ];
        match self.commit("add_picture", steps).await? {
            Outcome::Done => Ok(()),
            // Its id is 128 random bits, so they have been erased this very moment.
            Outcome::Refused(_) => Err(Error::Contended { call: "add_picture" }),
        }
    }

    /// Says why a picture is none of its profile's.
    pub async fn refuse_picture(&self, picture: &Picture, reason: &str) -> Result<(), Error> {
        let set = "SET #state = :refused, reason = :reason";
        let step = Step::update(Key::Picture(&picture.player, &picture.id), set)
            .only_if("#state = :waiting")
            .name("#state", "state")
            .value(":refused", s("refused"))
            .value(":waiting", s("waiting"))
            .value(":reason", s(reason));
        self.commit("refuse_picture", vec![step]).await.map(|_| ())
    }

    /// Makes a picture the last of its profile's. Twice is the same as once; false where it or they are gone.
    pub async fn show_picture(&self, picture: &Picture, now: Time) -> Result<bool, Error> {
        for _ in 0..ATTEMPTS {
            let Some(profile) = self.profile_strong(&picture.player).await? else {
                return Ok(false);
            };
            if profile.pictures.contains(&picture.id) {
                return Ok(true);
            }
            let mut next = profile.pictures;
            next.push(picture.id.clone());
            let ready = Step::update(Key::Picture(&picture.player, &picture.id), "SET #state = :ready")
                .only_if("#state = :waiting")
                .name("#state", "state")
                .value(":ready", s("ready"))
                .value(":waiting", s("waiting"));
            let order = order(&picture.player, profile.version, &next, now);
            match self.commit("show_picture", vec![ready, order]).await? {
                Outcome::Done => return Ok(true),
                // Removed, seen to by somebody else, or the profile has changed: another look tells.
                Outcome::Refused(_) => {
                    let now = self.picture_strong(&picture.player, &picture.id).await?;
                    match now.map(|picture| picture.state) {
                        Some(State::Waiting) => {}
                        Some(State::Ready) => return Ok(true),
                        Some(State::Refused(_)) | None => return Ok(false),
                    }
                }
            }
        }
        Err(Error::Contended { call: "show_picture" })
    }

    /// Removes a picture, from its profile too. One that is not there is removed.
    pub async fn remove_picture(&self, player: &PlayerId, id: &PictureId, now: Time) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let mut steps = vec![Step::delete(Key::Picture(player, id))];
            let profile = self.profile_strong(player).await?;
            if let Some(profile) = profile.filter(|profile| profile.pictures.contains(id)) {
                let mut next = profile.pictures;
                next.retain(|one| one != id);
                steps.push(order(player, profile.version, &next, now));
            }
            if let Outcome::Done = self.commit("remove_picture", steps).await? {
                return Ok(());
            }
        }
        Err(Error::Contended { call: "remove_picture" })
    }
}

/// The write of other pictures into a profile that is still at this version.
fn order(player: &PlayerId, version: u64, pictures: &[PictureId], now: Time) -> Step {
    let set = "SET v = v + :one, updated = :now, pictures = :pictures";
    Step::update(Key::Profile(player), set)
        .only_if("v = :version AND attribute_not_exists(erased)")
        .value(":one", n(1))
        .value(":now", at(now))
        .value(":version", n(version))
        .value(":pictures", s(json(&pictures)))
}

fn read(item: &Item) -> Result<Picture, Error> {
    let state: String = get_text(item, "state")?;
    Ok(Picture {
        id: get_text(item, "id")?,
        player: get_text(item, "player")?,
        media: get_text(item, "media")?,
        bytes: get_number(item, "bytes")?,
        state: match state.as_str() {
            "waiting" => State::Waiting,
            "ready" => State::Ready,
            "refused" => State::Refused(optional_text(item, "reason")?.unwrap_or_default()),
            _ => return Err(Error::Corrupt { attribute: "state" }),
        },
        created: get_time(item, "created")?,
    })
}
