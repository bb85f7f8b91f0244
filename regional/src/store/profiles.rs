//! Profiles in the store.

use super::erase::is_erased;
use super::item::{Item, at, get_number, get_text, get_time, n, optional_text, optional_time, s};
use super::keys::Key;
use super::step::Step;
use super::{Store, failed};
use crate::error::Error;
use crate::profile::Profile;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use shared::id::PlayerId;
use shared::time::Time;

/// How a change of a profile ended.
#[derive(Debug)]
pub enum Edited {
    /// It is this now.
    Done(Profile),
    /// It had changed in between, and is this.
    Changed(Profile),
    /// There is no such player.
    Gone,
}

/// Rounds of a batch read before what is missing counts as busy.
const ROUNDS: u32 = 3;

impl Store {
    /// A profile as it is at this moment: for its owner, for sign-in and for the edge.
    pub async fn profile_strong(&self, player: &PlayerId) -> Result<Option<Profile>, Error> {
        self.profile(player, true).await
    }

    /// A profile as it was a moment ago, at half the price: for others.
    pub async fn profile_eventual(&self, player: &PlayerId) -> Result<Option<Profile>, Error> {
        self.profile(player, false).await
    }

    async fn profile(&self, player: &PlayerId, strong: bool) -> Result<Option<Profile>, Error> {
        let key = Key::Profile(player);
        let got = self
            .client
            .get_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .consistent_read(strong)
            .send()
            .await
            .map_err(failed("get_profile"))?;
        let there = got.item.filter(|item| !is_erased(item));
        there.as_ref().map(read).transpose()
    }

    /// Several profiles as they were a moment ago, in no order; who is not there is left out.
    pub async fn profiles_eventual(&self, players: &[PlayerId]) -> Result<Vec<Profile>, Error> {
        let call = "get_profiles";
        let mut keys: Vec<Item> = players.iter().map(|player| Key::Profile(player).item()).collect();
        let mut profiles = Vec::with_capacity(keys.len());
        let Some(first) = players.first() else {
            return Ok(profiles);
        };
        let table = self.name(Key::Profile(first).table());
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys));
            let wanted = wanted.build().map_err(|error| Error::Store { call, text: error.to_string() })?;
            let request = self.client.batch_get_item().request_items(table, wanted);
            let got = request.send().await.map_err(failed(call))?;
            for item in got.responses.unwrap_or_default().remove(table).unwrap_or_default() {
                if !is_erased(&item) {
                    profiles.push(read(&item)?);
                }
            }
            // What the store did not get to, because of its size or a ceiling.
            keys = got
                .unprocessed_keys
                .and_then(|mut left| left.remove(table))
                .map(|left| left.keys)
                .unwrap_or_default();
            if keys.is_empty() {
                return Ok(profiles);
            }
        }
        Err(Error::Busy { call, text: format!("{} keys left unread", keys.len()) })
    }

    /// Puts what an owner may change as it is in `next`, if the profile is still at the version that `next` was made of.
    /// `edit` names this very change: an attempt whose answer was lost is repeated by the SDK, and must find its own work
    /// rather than somebody else's.
    pub async fn edit_profile(&self, next: &Profile, now: Time, edit: &str) -> Result<Edited, Error> {
        let key = Key::Profile(&next.player);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression(
                "SET v = v + :one, updated = :now, edit = :edit, #name = :name, bio = :bio, attrs = :attrs, \
                 #private = :private, pictures = :pictures",
            )
            .condition_expression("v = :version")
            .expression_attribute_names("#name", "name")
            .expression_attribute_names("#private", "private")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":now", at(now))
            .expression_attribute_values(":edit", s(edit))
            .expression_attribute_values(":version", n(next.version))
            .expression_attribute_values(":name", s(&next.name))
            .expression_attribute_values(":bio", s(&next.bio))
            .expression_attribute_values(":attrs", s(json(&next.attrs)))
            .expression_attribute_values(":private", s(json(&next.private)))
            .expression_attribute_values(":pictures", s(json(&next.pictures)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(done) => return read(&done.attributes.unwrap_or_default()).map(Edited::Done),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(held)) = error.as_service_error() else {
            return Err(failed("edit_profile")(error));
        };
        let Some(item) = held.item() else {
            return Ok(Edited::Gone);
        };
        let ours = optional_text::<String>(item, "edit")?.as_deref() == Some(edit);
        let profile = read(item)?;
        Ok(if ours { Edited::Done(profile) } else { Edited::Changed(profile) })
    }

    /// Says what somebody has paid for. None where there is no such player; otherwise the version that says so.
    pub async fn set_tier(
        &self,
        player: &PlayerId,
        tier: Option<&str>,
        now: Time,
    ) -> Result<Option<u64>, Error> {
        // Saying it twice is the same as once: the profile is another only where the tier is.
        let (set, other) = match tier {
            Some(_) => ("SET v = v + :one, updated = :now, tier = :tier", "tier <> :tier"),
            None => ("SET v = v + :one, updated = :now REMOVE tier", "attribute_exists(tier)"),
        };
        let mut step = Step::update(Key::Profile(player), set)
            .only_if(format!("attribute_exists(pk) AND ({other})"))
            .value(":one", n(1))
            .value(":now", at(now));
        if let Some(tier) = tier {
            step = step.value(":tier", s(tier));
        }
        // What it refuses is a profile that says so already, or nobody: the same read tells which.
        self.commit("set_tier", vec![step]).await?;
        let profile = self.profile_strong(player).await?;
        Ok(profile.map(|profile| profile.version))
    }
}

/// A profile, as an item.
pub(super) fn write(profile: &Profile) -> Item {
    let mut item = Key::Profile(&profile.player).item();
    item.extend(
        [
            ("t", s("profile")),
            ("v", n(profile.version)),
            ("player", s(profile.player.as_str())),
            ("name", s(&profile.name)),
            ("bio", s(&profile.bio)),
            ("auth_epoch", n(profile.epoch)),
            ("created", at(profile.created)),
            ("updated", at(profile.updated)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(until) = profile.banned_until {
        item.insert("banned_until".into(), at(until));
    }
    item
}

/// Values that always can be written as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A list or an object that is stored as JSON; absent is empty.
fn parsed<T: Default + serde::de::DeserializeOwned>(item: &Item, name: &'static str) -> Result<T, Error> {
    optional_text::<String>(item, name)?.map_or_else(
        || Ok(T::default()),
        |text| serde_json::from_str(&text).map_err(|_| Error::Corrupt { attribute: name }),
    )
}

pub(super) fn read(item: &Item) -> Result<Profile, Error> {
    Ok(Profile {
        player: get_text(item, "player")?,
        version: get_number(item, "v")?,
        name: get_text(item, "name")?,
        bio: get_text(item, "bio")?,
        attrs: parsed(item, "attrs")?,
        private: parsed(item, "private")?,
        tier: optional_text(item, "tier")?,
        pictures: parsed(item, "pictures")?,
        epoch: get_number(item, "auth_epoch")?,
        banned_until: optional_time(item, "banned_until")?,
        created: get_time(item, "created")?,
        updated: get_time(item, "updated")?,
    })
}
