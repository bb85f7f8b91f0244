//! Sessions in the store: hashes of their refresh tokens, never the tokens.

use super::item::{
    Item, at, b, get_number, get_text, get_time, n, optional_hash, optional_time, s,
};
use super::keys::{GSI1PK, GSI1SK, Key, TTL, session_index};
use super::transact::Outcome;
use super::{Store, failed, profiles};
use crate::error::Error;
use crate::profile::Profile;
use crate::session::{Hash, Session};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use shared::id::SessionId;
use shared::time::Time;

impl Store {
    /// Keeps a new player and their first session, or neither.
    pub async fn add_player(&self, profile: &Profile, session: &Session) -> Result<(), Error> {
        let call = "add_player";
        let key = Key::Profile(&profile.player);
        let items = [profiles::write(profile), write(session)].map(|item| {
            Put::builder()
                .table_name(self.name(key.table()))
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map(|put| TransactWriteItem::builder().put(put).build())
                .map_err(|error| Error::Store {
                    call,
                    text: error.to_string(),
                })
        });
        let items = items.into_iter().collect::<Result<Vec<_>, _>>()?;
        match self.transact(call, items).await? {
            Outcome::Done => Ok(()),
            // Both ids are 128 random bits.
            Outcome::Refused(_) => Err(Error::Contended { call }),
        }
    }

    /// A session as it is at this moment. It may have ended: whoever reads it compares with the clock.
    pub async fn session_strong(&self, sid: &SessionId) -> Result<Option<Session>, Error> {
        let key = Key::Session(sid);
        let got = self
            .client
            .get_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("get_session"))?;
        got.item.as_ref().map(read).transpose()
    }

    /// Replaces the current secret, if it is still `current` and the session has not been ended. Otherwise gives the
    /// session as it is, to decide again.
    pub async fn rotate_session(
        &self,
        sid: &SessionId,
        current: &Hash,
        next: &Hash,
        now: Time,
    ) -> Result<Result<(), Option<Session>>, Error> {
        let key = Key::Session(sid);
        let expires = now + shared::caps::SESSION_IDLE;
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

    /// Ends a session. Ending one that has ended, or is gone, changes nothing.
    pub async fn revoke_session(&self, sid: &SessionId, now: Time) -> Result<(), Error> {
        let key = Key::Session(sid);
        let request = self
            .client
            .update_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .update_expression("SET revoked = :now")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked)")
            .expression_attribute_values(":now", at(now));
        let Err(error) = request.send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Some(_) | None => Err(failed("revoke_session")(error)),
        }
    }
}

fn write(session: &Session) -> Item {
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
        current: current.ok_or(Error::Corrupt {
            attribute: "cur_hash",
        })?,
        previous: optional_hash(item, "prev_hash")?,
        rotated: get_time(item, "rotated_at")?,
        created: get_time(item, "created")?,
        expires: get_time(item, "expires")?,
        revoked: optional_time(item, "revoked")?,
    })
}
