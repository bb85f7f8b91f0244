//! Bans in the store: all that were ever decided, and in the profile the one that holds.

use super::item::{Item, at, get_text, get_time, n, optional_text, optional_time, s};
use super::keys::{BANS, Key, SK, Table};
use super::read::Run;
use super::step::Step;
use super::transact::Outcome;
use super::{Store, failed};
use crate::ban::{Ban, Change};
use crate::error::Error;
use crate::status::Status;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use shared::id::PlayerId;
use shared::time::Time;

/// A page of somebody's bans.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub bans: Vec<Ban>,
    /// The sort key behind which the next page begins, if there is one.
    pub next: Option<String>,
}

impl Store {
    /// The ban that a status names, as it is at this moment.
    pub async fn named_ban_strong(&self, player: &PlayerId, status: &Status) -> Result<Option<Ban>, Error> {
        let Some((at, id)) = status.ban.as_deref().and_then(place) else {
            return Ok(None);
        };
        let item = self.item_strong("get_ban", Key::Ban(player, at, &id)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Writes what was decided on this status, with the profile. False: the status is another by now.
    pub async fn change_ban(
        &self,
        player: &PlayerId,
        status: &Status,
        change: &Change,
    ) -> Result<bool, Error> {
        let steps = ban_steps(player, status, change);
        let outcome = self.commit("change_ban", steps).await?;
        Ok(matches!(outcome, Outcome::Done))
    }

    /// All that was ever decided about somebody, as it was a moment ago.
    pub async fn bans_eventual(
        &self,
        player: &PlayerId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        let own = Key::Profile(player);
        let run = Run {
            pk: own.pk(),
            prefix: BANS.into(),
            backwards: true,
            limit: Some(limit),
            after: after.map(|key| {
                let mut item = own.item();
                item.insert(SK.into(), s(key));
                item
            }),
            ..Run::default()
        };
        let (items, more) = self.page("get_bans", Table::Core, run).await?;
        let bans = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let last = bans.last().filter(|_| more);
        let next = last.map(|ban| Key::Ban(player, ban.decided, &ban.id).sk());
        Ok(Page { bans, next })
    }

    /// Keeps what the banned one says to it, once. Otherwise gives the ban as it is.
    pub async fn appeal(&self, ban: &Ban, text: &str, now: Time) -> Result<Result<(), Ban>, Error> {
        let key = Key::Ban(&ban.player, ban.decided, &ban.id);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression("SET appeal = :text, appealed = :now")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(appeal) AND attribute_not_exists(ended)",
            )
            .expression_attribute_values(":text", s(text))
            .expression_attribute_values(":now", at(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else {
            return Ok(Ok(()));
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(held)) => {
                let held = held.item().map(read).transpose()?;
                Ok(Err(held.unwrap_or_else(|| ban.clone())))
            }
            Some(_) | None => Err(failed("appeal")(error)),
        }
    }
}

/// The steps that carry out a decision: the profile mirrors it, and the bans remember it.
pub(super) fn ban_steps(player: &PlayerId, status: &Status, change: &Change) -> Vec<Step> {
    let set = "SET status_at = :at, v = v + :one";
    let profile = Key::Profile(player);
    let step = match &change.new {
        Some(ban) => {
            Step::update(profile, format!("{set}, ban = :ban, banned_until = :until, #status = :banned"))
                .value(":banned", s("banned"))
                .value(":ban", s(Key::Ban(player, ban.decided, &ban.id).sk()))
                .value(":until", at(ban.until))
        }
        None => Step::update(profile, format!("{set} REMOVE ban, banned_until, #status")),
    };
    let step = step.name("#status", "status").value(":at", at(change.at)).value(":one", n(1));
    // Each decision has a moment of its own, so that this alone says whether another came between.
    let mut steps = vec![match status.decided {
        Some(seen) => step.only_if("status_at = :seen").value(":seen", at(seen)),
        None => step.only_if("attribute_exists(pk) AND attribute_not_exists(status_at)"),
    }];
    if let Some(ban) = &change.over
        && let Some((ended, by)) = &ban.ended
    {
        let key = Key::Ban(player, ban.decided, &ban.id);
        steps.push(
            Step::update(key, "SET ended = :at, ended_by = :by")
                .only_if("attribute_exists(pk)")
                .value(":at", at(*ended))
                .value(":by", s(by.as_str())),
        );
    }
    if let Some(ban) = &change.new {
        steps.push(Step::put(Table::Core, write(ban)).only_if("attribute_not_exists(pk)"));
    }
    steps
}

/// When a ban was decided, and which, from its sort key.
pub(crate) fn place(key: &str) -> Option<(Time, shared::id::BanId)> {
    let (ms, id) = key.strip_prefix(BANS)?.split_once('#')?;
    let fine = ms.len() == 13 && ms.bytes().all(|b| b.is_ascii_digit());
    Some((Time::from_ms(ms.parse().ok().filter(|_| fine)?), id.parse().ok()?))
}

fn write(ban: &Ban) -> Item {
    let mut item = Key::Ban(&ban.player, ban.decided, &ban.id).item();
    item.extend(
        [
            ("t", s("ban")),
            ("id", s(ban.id.as_str())),
            ("uid", s(ban.player.as_str())),
            ("reason", s(&ban.reason)),
            ("by", s(ban.by.as_str())),
            ("decided", at(ban.decided)),
            ("until", at(ban.until)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

fn read(item: &Item) -> Result<Ban, Error> {
    let ended = optional_time(item, "ended")?.zip(optional_text(item, "ended_by")?);
    let appeal = optional_time(item, "appealed")?.zip(optional_text(item, "appeal")?);
    Ok(Ban {
        id: get_text(item, "id")?,
        player: get_text(item, "uid")?,
        reason: get_text(item, "reason")?,
        by: get_text(item, "by")?,
        decided: get_time(item, "decided")?,
        until: get_time(item, "until")?,
        ended,
        appeal,
    })
}
