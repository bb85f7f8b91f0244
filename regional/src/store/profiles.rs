//! Profiles in the store.

use super::item::{Item, at, get_number, get_text, get_time, n, optional_time, s};
use super::keys::Key;
use super::{Store, failed};
use crate::error::Error;
use crate::profile::{Change, Profile};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
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
        got.item.as_ref().map(read).transpose()
    }

    /// Several profiles as they were a moment ago, in no order; who is not there is left out.
    pub async fn profiles_eventual(&self, players: &[PlayerId]) -> Result<Vec<Profile>, Error> {
        let call = "get_profiles";
        let mut keys: Vec<Item> = players
            .iter()
            .map(|player| Key::Profile(player).item())
            .collect();
        let mut profiles = Vec::with_capacity(keys.len());
        let Some(first) = players.first() else {
            return Ok(profiles);
        };
        let table = self.name(Key::Profile(first).table());
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys));
            let wanted = wanted.build().map_err(|error| Error::Store {
                call,
                text: error.to_string(),
            })?;
            let request = self.client.batch_get_item().request_items(table, wanted);
            let got = request.send().await.map_err(failed(call))?;
            for item in got
                .responses
                .unwrap_or_default()
                .remove(table)
                .unwrap_or_default()
            {
                profiles.push(read(&item)?);
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
        Err(Error::Busy {
            call,
            text: format!("{} keys left unread", keys.len()),
        })
    }

    /// Changes a profile that is still at `version`. `edit` names this very change: an attempt whose answer was lost
    /// is repeated by the SDK, and must find its own work rather than somebody else's.
    pub async fn edit_profile(
        &self,
        player: &PlayerId,
        version: u64,
        change: &Change,
        now: Time,
        edit: &str,
    ) -> Result<Edited, Error> {
        let key = Key::Profile(player);
        let mut set = String::from("SET v = v + :one, updated = :now, edit = :edit");
        let mut request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .condition_expression("v = :version")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":now", at(now))
            .expression_attribute_values(":edit", s(edit))
            .expression_attribute_values(":version", n(version))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(name) = &change.name {
            set.push_str(", #name = :name");
            request = request
                .expression_attribute_names("#name", "name")
                .expression_attribute_values(":name", s(name));
        }
        if let Some(bio) = &change.bio {
            set.push_str(", bio = :bio");
            request = request.expression_attribute_values(":bio", s(bio));
        }
        let error = match request.update_expression(set).send().await {
            Ok(done) => return read(&done.attributes.unwrap_or_default()).map(Edited::Done),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(held)) = error.as_service_error()
        else {
            return Err(failed("edit_profile")(error));
        };
        let Some(item) = held.item() else {
            return Ok(Edited::Gone);
        };
        let ours = item
            .get("edit")
            .and_then(|value| value.as_s().ok())
            .map(String::as_str)
            == Some(edit);
        let profile = read(item)?;
        Ok(if ours {
            Edited::Done(profile)
        } else {
            Edited::Changed(profile)
        })
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

pub(super) fn read(item: &Item) -> Result<Profile, Error> {
    Ok(Profile {
        player: get_text(item, "player")?,
        version: get_number(item, "v")?,
        name: get_text(item, "name")?,
        bio: get_text(item, "bio")?,
        epoch: get_number(item, "auth_epoch")?,
        banned_until: optional_time(item, "banned_until")?,
        created: get_time(item, "created")?,
        updated: get_time(item, "updated")?,
    })
}
