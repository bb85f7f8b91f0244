//! Sessions in the store: hashes of their refresh tokens, never the tokens.

use super::item::{
    Item, at, b, get_number, get_text, get_time, n, optional_hash, optional_text, optional_time, s,
};
use super::keys::{GSI1PK, GSI1SK, Key, PK, SESSIONS, SK, TTL, Table, session_index};
use super::read::Run;
use super::step::Step;
use super::transact::Outcome;
use super::{Store, failed, profiles};
use crate::error::Error;
use crate::profile::Profile;
use crate::session::{Device, Hash, Session};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;

impl Store {
    /// Keeps a new player and their first session, or neither.
    pub async fn add_player(&self, profile: &Profile, session: &Session) -> Result<(), Error> {
        let call = "add_player";
        let steps = [profiles::write(profile), write(session)]
            .map(|item| Step::put(Table::Core, item).only_if("attribute_not_exists(pk)"));
        match self.commit(call, steps.into()).await? {
            Outcome::Done => Ok(()),
            // Both ids are 128 random bits.
            Outcome::Refused(_) => Err(Error::Contended { call }),
        }
    }

    /// Keeps another session of a player, who is in the session's auth epoch and not banned. False: they are not.
    pub async fn add_session(&self, session: &Session, now: Time) -> Result<bool, Error> {
        let may = "auth_epoch = :ep AND (attribute_not_exists(banned_until) OR banned_until <= :now)";
        let steps = vec![
            Step::put(Table::Core, write(session)).only_if("attribute_not_exists(pk)"),
            Step::check(Key::Profile(&session.player))
                .only_if(may)
                .value(":ep", n(session.epoch))
                .value(":now", at(now)),
        ];
        let outcome = self.commit("add_session", steps).await?;
        Ok(matches!(outcome, Outcome::Done))
    }

    /// A session as it is at this moment. It may have ended: whoever reads it compares with the clock.
    pub async fn session_strong(&self, sid: &SessionId) -> Result<Option<Session>, Error> {
        let item = self.item_strong("get_session", Key::Session(sid)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Replaces the current secret, if it is still `current` and the session has not been ended. Otherwise gives the
    /// session as it is, to decide again.
    pub async fn rotate_session(
        &self,
        sid: &SessionId,
        current: &Hash,
        next: &Hash,
        now: Time,
        expires: Time,
    ) -> Result<Result<(), Option<Session>>, Error> {
        let key = Key::Session(sid);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression(
                "SET cur_hash = :next, prev_hash = :current, rotated_at = :now, expires = :expires, #ttl = :ttl",
            )
            .condition_expression("cur_hash = :current AND attribute_not_exists(revoked)")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":next", b(*next))
            .expression_attribute_values(":current", b(*current))
            .expression_attribute_values(":now", at(now))
            .expression_attribute_values(":expires", at(expires))
            .expression_attribute_values(":ttl", n(expires.secs()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else {
            return Ok(Ok(()));
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(held)) => {
                Ok(Err(held.item().map(read).transpose()?))
            }
            Some(_) | None => Err(failed("rotate_session")(error)),
        }
    }

    /// Ends a session. Ending one that has ended, or is gone, changes nothing. It leaves the list of its owner's logins.
    pub async fn revoke_session(&self, sid: &SessionId, now: Time) -> Result<(), Error> {
        let key = Key::Session(sid);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression("SET revoked = :now REMOVE #gsi1pk, #gsi1sk")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked)")
            .expression_attribute_names("#gsi1pk", GSI1PK)
            .expression_attribute_names("#gsi1sk", GSI1SK)
            .expression_attribute_values(":now", at(now));
        let Err(error) = request.send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Some(_) | None => Err(failed("revoke_session")(error)),
        }
    }

    /// A player's logins, the newest first: which there are is a moment old, how each stands is true now.
    pub async fn sessions_of(&self, player: &PlayerId, limit: Option<usize>) -> Result<Vec<Session>, Error> {
        let call = "get_sessions";
        let (pk, _) = session_index(player, 0);
        let run = Run { pk, prefix: SESSIONS.into(), index: true, backwards: true, limit, ..Run::default() };
        let keys = match limit {
            Some(_) => self.page(call, Table::Core, run).await?.0,
            None => self.run(call, Table::Core, run).await?,
        };
        // An entry of the index has its own keys too.
        let keys: Vec<Item> = keys
            .into_iter()
            .map(|mut key| {
                key.retain(|name, _| name == PK || name == SK);
                key
            })
            .collect();
        let items = self.items_strong(call, Table::Core, &keys).await?;
        let mut sessions = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        sessions.sort_by(|a, b| (b.created, &b.sid).cmp(&(a.created, &a.sid)));
        Ok(sessions)
    }

    /// Removes a session of an auth epoch below this one. Any other stays.
    pub async fn forget_session(&self, sid: &SessionId, epoch: u64) -> Result<(), Error> {
        let step = Step::delete(Key::Session(sid));
        let step = step.only_if("ep < :epoch").value(":epoch", n(epoch));
        self.commit("forget_session", vec![step]).await.map(|_| ())
    }
}

pub(super) fn write(session: &Session) -> Item {
    let mut item = Key::Session(&session.sid).item();
    let (whose, age) = session_index(&session.player, session.created.ms());
    item.extend(
        [
            ("t", s("session")),
            ("sid", s(session.sid.as_str())),
            ("uid", s(session.player.as_str())),
            ("ep", n(session.epoch)),
            ("cur_hash", b(session.current)),
            ("rotated_at", at(session.rotated)),
            ("created", at(session.created)),
            ("expires", at(session.expires)),
            ("ends", at(session.ends)),
            ("agent", s(&session.device.agent)),
            ("label", s(&session.device.label)),
            (TTL, n(session.expires.secs())),
            (GSI1PK, s(whose)),
            (GSI1SK, s(age)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(previous) = session.previous {
        item.insert("prev_hash".into(), b(previous));
    }
    if let Some(revoked) = session.revoked {
        item.insert("revoked".into(), at(revoked));
    }
    item
}

fn read(item: &Item) -> Result<Session, Error> {
    let current = optional_hash(item, "cur_hash")?;
    Ok(Session {
        sid: get_text(item, "sid")?,
        player: get_text(item, "uid")?,
        epoch: get_number(item, "ep")?,
        current: current.ok_or(Error::Corrupt { attribute: "cur_hash" })?,
        previous: optional_hash(item, "prev_hash")?,
        rotated: get_time(item, "rotated_at")?,
        created: get_time(item, "created")?,
        expires: get_time(item, "expires")?,
        ends: get_time(item, "ends")?,
        device: Device {
            agent: optional_text(item, "agent")?.unwrap_or_default(),
            label: optional_text(item, "label")?.unwrap_or_default(),
        },
        revoked: optional_time(item, "revoked")?,
    })
}
