//! Profiles. The columns of a profile row, and what each function does with them, are in
//! [`columns`](crate::domain::profile::columns).

use super::Store;
use super::audit::audit_op;
use super::item::{
    Item, at, flag, get_json, get_number, get_text, get_time, json, n, new_item, optional_text,
    optional_time, s,
};
use super::keys::{Key, Table};
use super::query::Consistency;
use super::status::{self, is_erased};
use super::write_op::{UpdateOutcome, WriteOp};
use crate::domain::profile::Profile;
use crate::domain::profile::columns::{Column, OnEdit, OnErasure};
use crate::domain::status::Status;
use crate::error::Error;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::PlayerId;
use shared::rpc::audit::AuditEntry;
use shared::time::Time;
use std::iter;

/// The result of a profile edit.
#[derive(Debug)]
pub enum EditOutcome {
    /// The profile after the edit.
    Done(Profile),
    /// The profile had changed in between: the profile as it is.
    Conflict(Profile),
    NotFound,
}

impl Store {
    /// Returns a profile as it is now: for its owner, for sign-in and for the edge.
    pub async fn profile_strong(&self, player: &PlayerId) -> Result<Option<Profile>, Error> {
        existing(self.item_strong("get_profile", &Key::Profile(player.clone())).await?)
    }

    /// Returns the status and the profile of a player in one read, or none if there is no such player.
    pub async fn account_profile_strong(
        &self,
        player: &PlayerId,
    ) -> Result<Option<(Status, Profile)>, Error> {
        let item = self.item_strong("get_account_profile", &Key::Profile(player.clone())).await?;
        let item = item.filter(|item| !is_erased(item));
        item.map(|item| Ok((status::read(&item)?, read(&item)?))).transpose()
    }

    /// Returns a profile as it was a moment ago, at half the price: for other players.
    pub async fn profile_eventual(&self, player: &PlayerId) -> Result<Option<Profile>, Error> {
        existing(self.item_eventual("get_profile", &Key::Profile(player.clone())).await?)
    }

    /// Returns several profiles, in no particular order. Players that do not exist are left out.
    pub async fn profiles_eventual(&self, players: &[PlayerId]) -> Result<Vec<Profile>, Error> {
        let keys: Vec<Item> = players.iter().map(|player| Key::Profile(player.clone()).item()).collect();
        let items = self.items("get_profiles", Table::Core, &keys, Consistency::Eventual).await?;
        items.iter().filter(|item| !is_erased(item)).map(read).collect()
    }

    /// Writes the columns that an owner may edit from `next`, if the profile is still at the version that
    /// `next` was made from. `edit` is an id of this edit: the SDK repeats an attempt whose response was
    /// lost, and must then find its own edit rather than a conflict.
    pub async fn edit_profile(&self, next: &Profile, now: Time, edit: &str) -> Result<EditOutcome, Error> {
        let (found, edited) = match self.update("edit_profile", edit_op(next, now, edit)).await? {
            UpdateOutcome::Updated(item) => return read(&item).map(EditOutcome::Done),
            UpdateOutcome::ConditionFailed(None) => return Ok(EditOutcome::NotFound),
            UpdateOutcome::ConditionFailed(Some(item)) => {
                (read(&item)?, optional_text::<String>(&item, Column::EditId.name())?)
            }
        };
        let is_own_edit = edited.as_deref() == Some(edit);
        Ok(if is_own_edit { EditOutcome::Done(found) } else { EditOutcome::Conflict(found) })
    }

    /// Sets the tier of a player. Returns the profile's version, or none if there is no such player.
    pub async fn set_tier(
        &self,
        player: &PlayerId,
        tier: Option<&str>,
        now: Time,
        audit: Option<&AuditEntry>,
    ) -> Result<Option<u64>, Error> {
        let op = WriteOp::update(&Key::Profile(player.clone()))
            .add(Column::Version.name(), 1)
            .set(Column::Updated.name(), at(now));
        // Setting the same tier again does not change the version.
        let op = match tier {
            Some(tier) => op
                .set(Column::Tier.name(), s(tier))
                .only_if("attribute_exists(pk) AND tier <> :tier")
                .value(":tier", s(tier)),
            None => op.remove(Column::Tier.name()).only_if("attribute_exists(pk) AND attribute_exists(tier)"),
        };
        // The condition fails for a profile that has the tier already, and for an unknown player: the read
        // tells which.
        self.commit("set_tier", iter::once(op).chain(audit.map(audit_op)).collect()).await?;
        let profile = self.profile_strong(player).await?;
        Ok(profile.map(|profile| profile.version))
    }
}

fn existing(item: Option<Item>) -> Result<Option<Profile>, Error> {
    item.filter(|item| !is_erased(item)).as_ref().map(read).transpose()
}

fn edit_op(next: &Profile, now: Time, edit: &str) -> WriteOp {
    let mut op = WriteOp::update(&Key::Profile(next.player.clone()))
        .only_if("v = :version")
        .value(":version", n(next.version));
    for column in Column::ALL {
        let name = column.name();
        op = match column.on_edit() {
            OnEdit::Write => match value(*column, next) {
                Some(value) => op.set(name, value),
                None => op.remove(name),
            },
            OnEdit::Increment => op.add(name, 1),
            OnEdit::SetToNow => op.set(name, at(now)),
            OnEdit::SetToEditId => op.set(name, s(edit)),
            OnEdit::Keep => op,
        };
    }
    op
}

/// The write that empties a profile when the erasure of its player begins.
pub(super) fn erasure_op(player: &PlayerId, now: Time) -> WriteOp {
    let mut op = WriteOp::update(&Key::Profile(player.clone())).only_if("attribute_exists(pk)");
    for column in Column::ALL {
        let name = column.name();
        op = match column.on_erasure() {
            OnErasure::Empty => op.set(name, s("")),
            OnErasure::Remove => op.remove(name),
            OnErasure::Increment => op.add(name, 1),
            OnErasure::SetToNow => op.set(name, at(now)),
            OnErasure::SetToTrue => op.set(name, flag(true)),
            OnErasure::Keep => op,
        };
    }
    op
}

/// Returns a new profile as an item.
pub(super) fn write(profile: &Profile) -> Item {
    let columns = Column::ALL.iter().filter_map(|column| Some((column.name(), value(*column, profile)?)));
    new_item(&Key::Profile(profile.player.clone()), columns)
}

/// Returns the stored value of a column, or none if the column is absent: because it is empty, or because a
/// profile does not determine it.
fn value(column: Column, profile: &Profile) -> Option<AttributeValue> {
    let Profile {
        player,
        version,
        name,
        bio,
        attrs,
        private,
        tier,
        pictures,
        epoch,
        banned_until,
        created,
        updated,
    } = profile;
    match column {
        Column::Player => Some(s(player.as_str())),
        Column::Version => Some(n(version)),
        Column::Name => Some(s(name)),
        Column::Bio => Some(s(bio)),
        Column::Attrs => (!attrs.is_empty()).then(|| s(json(attrs))),
        Column::Private => (!private.is_empty()).then(|| s(json(private))),
        Column::Tier => tier.as_ref().map(s),
        Column::Pictures => (!pictures.is_empty()).then(|| s(json(pictures))),
        Column::AuthEpoch => Some(n(epoch)),
        Column::BannedUntil => banned_until.map(at),
        Column::Created => Some(at(*created)),
        Column::Updated => Some(at(*updated)),
        // Written by logins, moderators, relations, pictures, edits and erasures, each on its own.
        Column::EpochAt
        | Column::Ban
        | Column::Status
        | Column::StatusAt
        | Column::Hidden
        | Column::Blocks
        | Column::Follows
        | Column::PictureCount
        | Column::EditId
        | Column::Erased => None,
    }
}

/// Reads a profile row.
pub(super) fn read(item: &Item) -> Result<Profile, Error> {
    Ok(Profile {
        player: get_text(item, Column::Player.name())?,
        version: get_number(item, Column::Version.name())?,
        name: get_text(item, Column::Name.name())?,
        bio: get_text(item, Column::Bio.name())?,
        attrs: get_json(item, Column::Attrs.name())?,
        private: get_json(item, Column::Private.name())?,
        tier: optional_text(item, Column::Tier.name())?,
        pictures: get_json(item, Column::Pictures.name())?,
        epoch: get_number(item, Column::AuthEpoch.name())?,
        banned_until: optional_time(item, Column::BannedUntil.name())?,
        created: get_time(item, Column::Created.name())?,
        updated: get_time(item, Column::Updated.name())?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Map, json};
    use shared::time::Time;

    #[test]
    fn profile_reads_what_it_writes() {
        let mut profile = Profile::new("p_1".parse().unwrap(), "Ana".into(), Time::from_ms(5));
        assert_eq!(read(&write(&profile)).unwrap(), profile);
        profile.version = 7;
        profile.bio = "chess".into();
        profile.attrs = Map::from_iter([("elo".to_owned(), json!(1700))]);
        profile.private = Map::from_iter([("mail".to_owned(), json!("a@b.test"))]);
        profile.tier = Some("gold".into());
        profile.pictures = vec!["i_a".parse().unwrap()];
        profile.epoch = 3;
        profile.banned_until = Some(Time::from_ms(9));
        assert_eq!(read(&write(&profile)).unwrap(), profile);
    }
}
