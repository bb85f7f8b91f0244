//! Sessions: hashes of their refresh tokens, never the tokens.

use super::item::{
    Item, at, b, get_number, get_text, get_time, n, new_item, optional_hash, optional_text, optional_time, s,
};
use super::keys::{GSI1PK, GSI1SK, INDEXED_SESSIONS, Key, TTL, Table, player_partition, session_index};
use super::query::Query;
use super::write_op::{UpdateOutcome, WriteOp};
use super::{Store, profiles};
use crate::domain::profile::Profile;
use crate::domain::session::{Device, Hash, Presented, Session};
use crate::error::Error;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;

impl Store {
    /// Stores a new player and the player's first session, or neither.
    pub async fn add_player(&self, profile: &Profile, session: &Session) -> Result<(), Error> {
        let call = "add_player";
        let ops = [profiles::write(profile), write(session)]
            .map(|item| WriteOp::put(Table::Core, item).only_if("attribute_not_exists(pk)"));
        if self.commit(call, ops.into()).await?.is_committed() {
            return Ok(());
        }
        // Both ids are 128 random bits, so a collision is out of the question.
        Err(Error::Contended { call })
    }

    /// Stores a further session of a player. Returns false if the player is banned, or no longer in the
    /// session's auth epoch.
    pub async fn add_session(&self, session: &Session, now: Time) -> Result<bool, Error> {
        let allowed = "auth_epoch = :ep AND (attribute_not_exists(banned_until) OR banned_until <= :now)";
        let ops = vec![
            WriteOp::put(Table::Core, write(session)).only_if("attribute_not_exists(pk)"),
            WriteOp::check(&Key::Profile(session.player.clone()))
                .only_if(allowed)
                .value(":ep", n(session.epoch))
                .value(":now", at(now)),
        ];
        Ok(self.commit("add_session", ops).await?.is_committed())
    }

    /// Returns a session. It may have expired: the caller compares it with the clock.
    pub async fn session_strong(&self, sid: &SessionId) -> Result<Option<Session>, Error> {
        let item = self.item_strong("get_session", &Key::Session(sid.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Replaces the current secret, if it is still the presented one and the session is not revoked. Otherwise
    /// returns the session as it is, for another decision.
    pub async fn rotate_session(
        &self,
        sid: &SessionId,
        presented: &Presented,
        next: &Hash,
        now: Time,
        expires: Time,
    ) -> Result<Result<(), Option<Session>>, Error> {
        let op = WriteOp::update(&Key::Session(sid.clone()))
            .set("cur_hash", b(*next))
            .set("prev_hash", b(presented.hash))
            .set("rotated_at", at(now))
            .set("expires", at(expires))
            .set(TTL, n(expires.secs()))
            .only_if("cur_hash = :current AND attribute_not_exists(revoked)")
            .value(":current", b(presented.hash));
        let op = match presented.attempt {
            Some(attempt) => op.set("attempt_hash", b(attempt)),
            None => op.remove("attempt_hash"),
        };
        match self.update("rotate_session", op).await? {
            UpdateOutcome::Updated(_) => Ok(Ok(())),
            UpdateOutcome::ConditionFailed(found) => Ok(Err(found.as_ref().map(read).transpose()?)),
        }
    }

    /// Revokes a session and removes it from the list of the player's sessions. Does nothing if the session
    /// is revoked or does not exist.
    pub async fn revoke_session(&self, sid: &SessionId, now: Time) -> Result<(), Error> {
        let op = WriteOp::update(&Key::Session(sid.clone()))
            .set("revoked", at(now))
            .remove(GSI1PK)
            .remove(GSI1SK)
            .only_if("attribute_exists(pk) AND attribute_not_exists(revoked)");
        self.update("revoke_session", op).await.map(|_| ())
    }

    /// Returns a player's sessions, the newest first. The list may miss the newest sessions; the content of
    /// each is current.
    pub async fn sessions_of(&self, player: &PlayerId, limit: Option<usize>) -> Result<Vec<Session>, Error> {
        let call = "get_sessions";
        let query = Query::index(player_partition(player)).prefix(INDEXED_SESSIONS).descending(true);
        let entries = match limit {
            Some(limit) => self.query_page(call, Table::Core, query.limit(limit)).await?.0,
            None => self.query_all(call, Table::Core, query).await?,
        };
        let items = self.items_of_entries(call, Table::Core, entries).await?;
        let mut sessions = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        sessions.sort_by(|a, b| (b.created, &b.sid).cmp(&(a.created, &a.sid)));
        Ok(sessions)
    }

    /// Deletes a session if its auth epoch is below this one.
    pub async fn delete_session_below(&self, sid: &SessionId, epoch: u64) -> Result<(), Error> {
        let op = WriteOp::delete(&Key::Session(sid.clone())).only_if("ep < :epoch").value(":epoch", n(epoch));
        self.commit("delete_session", vec![op]).await.map(|_| ())
    }
}

/// Returns a session as an item.
pub(super) fn write(session: &Session) -> Item {
    let (index_partition, index_sort) = session_index(&session.player, session.created.ms());
    let mut item = new_item(
        &Key::Session(session.sid.clone()),
        [
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
            (GSI1PK, s(index_partition)),
            (GSI1SK, s(index_sort)),
        ],
    );
    if let Some(previous) = session.previous {
        item.insert("prev_hash".into(), b(previous));
    }
    if let Some(attempt) = session.attempt {
        item.insert("attempt_hash".into(), b(attempt));
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
        attempt: optional_hash(item, "attempt_hash")?,
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
