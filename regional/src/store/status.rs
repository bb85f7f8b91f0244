//! Whether somebody may come in: the part of a profile that logins and moderators look at.

use super::erase::is_erased;
use super::item::{Item, at, get_number, n, optional_text, optional_time};
use super::keys::{Key, SK};
use super::step::Step;
use super::transact::Outcome;
use super::{Store, failed};
use crate::error::Error;
use crate::status::Status;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::PlayerId;
use shared::time::Time;

impl Store {
    /// Where somebody stands at this moment; none where there is nobody of that id.
    pub async fn status_strong(&self, player: &PlayerId) -> Result<Option<Status>, Error> {
        let item = self.item_strong("get_status", Key::Profile(player)).await?;
        let item = item.filter(|item| !is_erased(item));
        item.as_ref().map(read).transpose()
    }

    /// Ends all of a player's sessions at once: their auth epoch is one more. False where there is no such player.
    pub async fn raise_epoch(&self, player: &PlayerId, now: Time) -> Result<bool, Error> {
        let step = Step::update(Key::Profile(player), "SET auth_epoch = auth_epoch + :one, epoch_at = :now");
        let step = step.only_if("attribute_exists(pk)");
        let step = step.value(":one", n(1)).value(":now", at(now));
        // A transaction of one: its token keeps a repeated attempt from raising it twice.
        let outcome = self.commit("raise_epoch", vec![step]).await?;
        Ok(matches!(outcome, Outcome::Done))
    }

    /// Lets a player be seen, or not. False where there is no such player.
    pub async fn hide(&self, player: &PlayerId, hidden: bool) -> Result<bool, Error> {
        let key = Key::Profile(player);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression("SET #hidden = :hidden")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#hidden", "hidden")
            .expression_attribute_values(":hidden", AttributeValue::Bool(hidden));
        let Err(error) = request.send().await else {
            return Ok(true);
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Some(_) | None => Err(failed("hide")(error)),
        }
    }
}

/// From the item of a profile.
pub(crate) fn read(item: &Item) -> Result<Status, Error> {
    Ok(Status {
        version: get_number(item, "v")?,
        epoch: get_number(item, "auth_epoch")?,
        epoch_at: optional_time(item, "epoch_at")?,
        ban: optional_text(item, "ban")?,
        banned_until: optional_time(item, "banned_until")?,
        decided: optional_time(item, "status_at")?,
        hidden: truth(item, "hidden"),
    })
}

/// Whether an item says so; an absent attribute says no.
pub(crate) fn truth(item: &Item, name: &str) -> bool {
    matches!(item.get(name), Some(AttributeValue::Bool(true)))
}

/// The sort key of an item.
pub(super) fn sort_key(item: &Item) -> Result<&str, Error> {
    let key = item.get(SK).and_then(|value| value.as_s().ok());
    key.map(String::as_str).ok_or(Error::Corrupt { attribute: SK })
}
