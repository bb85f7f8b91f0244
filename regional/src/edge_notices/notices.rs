//! Derives notices to the edge, and follow-up work in the region, from a change of a stored item.
//!
//! A change is the item before and after, and nothing else is read, so the same change always leads to the
//! same notices.

use crate::domain::profile::columns::Column;
use crate::domain::status::Status;
use crate::error::Error;
use crate::store::item::{Item, get_flag, get_number, get_text, optional_time, stored_key};
use crate::store::keys::Key;
use crate::store::status;
use shared::id::PlayerId;
use shared::rpc::notice::{Notice, NoticeKind};
use shared::time::Time;

/// A change of one item, as the stream of its table delivers it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The item before; none if it did not exist.
    pub old: Option<Item>,
    /// The item after; none if it was deleted.
    pub new: Option<Item>,
    /// When it was committed, to the second.
    pub at: Time,
}

/// Work in the region that follows from a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUp {
    /// Sessions of an auth epoch lower than `below` are invalid, and their rows must go.
    DeleteSessions { player: PlayerId, below: u64 },
    /// The rows of the player must go.
    Erase { player: PlayerId },
}

/// Returns the notices to the edge about a change.
pub fn notices(change: &Change) -> Result<Vec<Notice>, Error> {
    match key(change) {
        Some(Key::Profile(_)) => profile_notices(change),
        Some(Key::Session(_)) => session_notices(change),
        Some(Key::Block(owner, _) | Key::BlockedBy(owner, _)) => {
            Ok(visibility_notices(owner, change, |_| true))
        }
        Some(Key::Follow(owner, _)) => {
            Ok(visibility_notices(owner, change, |follow| get_flag(follow, "mutual")))
        }
        // Other rows concern only the region.
        Some(
            Key::Ban(..)
            | Key::Picture(..)
            | Key::Erased(_)
            | Key::Rating(..)
            | Key::Account(_)
            | Key::Counter(_)
            | Key::UsedSignature(_)
            | Key::Report(_)
            | Key::ReportAbout(..)
            | Key::Note(..)
            | Key::Audit(..)
            | Key::Answer(..)
            | Key::Match(_)
            | Key::MatchCopy(..)
            | Key::Dispute(_)
            | Key::OpenRoom(..)
            | Key::Delivery(..)
            | Key::DeadDelivery(_),
        )
        | None => Ok(Vec::new()),
    }
}

/// Returns the work in the region that follows from a change.
pub fn follow_ups(change: &Change) -> Result<Vec<FollowUp>, Error> {
    match (key(change), &change.old, &change.new) {
        (Some(Key::Erased(player)), None, Some(_)) => Ok(vec![FollowUp::Erase { player }]),
        (Some(Key::Profile(player)), Some(old), Some(new)) => {
            let below: u64 = get_number(new, Column::AuthEpoch.name())?;
            let raised = get_number::<u64>(old, Column::AuthEpoch.name())? < below;
            Ok(raised.then_some(FollowUp::DeleteSessions { player, below }).into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn key(change: &Change) -> Option<Key> {
    change.new.as_ref().or(change.old.as_ref()).and_then(stored_key)
}

fn profile_notices(change: &Change) -> Result<Vec<Notice>, Error> {
    let (old, new) = match (&change.old, &change.new) {
        (Some(old), Some(new)) => (old, new),
        (Some(old), None) => {
            let player = get_text(old, Column::Player.name())?;
            return Ok(vec![notice(player, change.at, NoticeKind::Erased)]);
        }
        // No object of the edge knows a new player yet.
        (None, _) => return Ok(Vec::new()),
    };
    let player: PlayerId = get_text(new, Column::Player.name())?;
    let (was, is): (Status, Status) = (status::read(old)?, status::read(new)?);
    let mut all = Vec::new();
    let mut push = |at: Option<Time>, kind| {
        all.push(notice(player.clone(), at.unwrap_or(change.at), kind));
    };
    // The notices that close sockets come first.
    if is.decided > was.decided {
        let kind = match is.banned_until {
            Some(until) => NoticeKind::Banned { until },
            None => NoticeKind::Unbanned,
        };
        push(is.decided, kind);
    }
    if is.epoch > was.epoch {
        push(is.epoch_at, NoticeKind::Revoked { ep: is.epoch });
    }
    if is.hidden != was.hidden {
        push(None, NoticeKind::Visibility);
    }
    if is.version > was.version {
        let updated = optional_time(new, Column::Updated.name())?;
        push(is.decided.max(updated), NoticeKind::Profile { version: is.version });
    }
    Ok(all)
}

/// Returns the notice about a revoked session. A session that is deleted has expired, or its epoch has ended,
/// which another notice says for all sessions at once.
fn session_notices(change: &Change) -> Result<Vec<Notice>, Error> {
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        return Ok(Vec::new());
    };
    let (was, is) = (optional_time(old, "revoked")?, optional_time(new, "revoked")?);
    let (None, Some(at)) = (was, is) else {
        return Ok(Vec::new());
    };
    let sid = get_text(new, "sid")?;
    let player = get_text(new, "uid")?;
    Ok(vec![notice(player, at, NoticeKind::SessionEnded { sid })])
}

/// Returns the notice that the players who may see the owner's presence have changed: a row that counts came
/// or went.
fn visibility_notices(owner: PlayerId, change: &Change, counts: impl Fn(&Item) -> bool) -> Vec<Notice> {
    let counted = |image: &Option<Item>| image.as_ref().is_some_and(&counts);
    if counted(&change.old) == counted(&change.new) {
        return Vec::new();
    }
    vec![notice(owner, change.at, NoticeKind::Visibility)]
}

fn notice(player: PlayerId, at: Time, kind: NoticeKind) -> Notice {
    Notice { player, at, kind }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
mod tests;
