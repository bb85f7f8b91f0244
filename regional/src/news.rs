//! What a change of a stored item means: to the edge, and to what else has to be done.
//!
//! A change is the item before and after. Nothing else is looked at, so a change that is seen twice means the same twice.

use crate::error::Error;
use crate::status::Status;
use crate::store::item::{Item, get_number, get_text, optional_text, optional_time};
use crate::store::{keys, status};
use shared::id::PlayerId;
use shared::notice::{News, Notice};
use shared::time::Time;

/// A change of one item, as the table's stream has it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Before; none where it was not there.
    pub old: Option<Item>,
    /// After; none where it is gone.
    pub new: Option<Item>,
    /// About when, to the second.
    pub at: Time,
}

/// What has to be done here besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chore {
    /// Sessions of an auth epoch below this one are over: their items go.
    Forget {
        /// Whose.
        player: PlayerId,
        /// The least epoch that is good.
        below: u64,
    },
    /// They are to be forgotten.
    Erase {
        /// Who.
        player: PlayerId,
    },
}

/// What the edge has to hear of a change.
pub fn notices(change: &Change) -> Result<Vec<Notice>, Error> {
    match kind(change)?.as_deref() {
        Some("profile") => of_profile(change),
        Some("session") => of_session(change),
        Some("block") => of_tie(change, true),
        Some("follow") => of_tie(change, false),
        // Whatever else is stored concerns the region alone.
        Some(_) | None => Ok(Vec::new()),
    }
}

/// What has to be done here because of a change.
pub fn chores(change: &Change) -> Result<Vec<Chore>, Error> {
    match (kind(change)?.as_deref(), &change.old, &change.new) {
        (Some("erased"), None, Some(mark)) => {
            let player = get_text(mark, "player")?;
            return Ok(vec![Chore::Erase { player }]);
        }
        (Some("profile"), _, _) => {}
        (Some(_) | None, _, _) => return Ok(Vec::new()),
    }
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        return Ok(Vec::new());
    };
    let below: u64 = get_number(new, "auth_epoch")?;
    let player = get_text(new, "player")?;
    let rose = get_number::<u64>(old, "auth_epoch")? < below;
    Ok(rose.then_some(Chore::Forget { player, below }).into_iter().collect())
}

fn kind(change: &Change) -> Result<Option<String>, Error> {
    let image = change.new.as_ref().or(change.old.as_ref());
    image.map_or(Ok(None), |image| optional_text(image, "t"))
}

fn of_profile(change: &Change) -> Result<Vec<Notice>, Error> {
    let (old, new) = match (&change.old, &change.new) {
        (Some(old), Some(new)) => (old, new),
        (Some(old), None) => {
            let player = get_text(old, "player")?;
            return Ok(vec![notice(player, change.at, News::Erased)]);
        }
        // Nobody has heard of somebody new.
        (None, _) => return Ok(Vec::new()),
    };
    let player: PlayerId = get_text(new, "player")?;
    let (was, is): (Status, Status) = (status::read(old)?, status::read(new)?);
    let mut all = Vec::new();
    let mut say = |at: Option<Time>, news| {
        all.push(notice(player.clone(), at.unwrap_or(change.at), news));
    };
    // What closes sockets goes first.
    if is.decided > was.decided {
        let news = match is.banned_until {
            Some(until) => News::Banned { until },
            None => News::Unbanned,
        };
        say(is.decided, news);
    }
    if is.epoch > was.epoch {
        say(is.epoch_at, News::Revoked { ep: is.epoch });
    }
    if is.hidden != was.hidden {
        say(None, News::Circle);
    }
    if is.version > was.version {
        let version = is.version;
        say(is.decided.max(optional_time(new, "updated")?), News::Profile { version });
    }
    Ok(all)
}

/// A session that is ended before its time. One that is removed has run out, or its epoch has, which is told for all.
fn of_session(change: &Change) -> Result<Vec<Notice>, Error> {
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        return Ok(Vec::new());
    };
    let (was, is) = (optional_time(old, "revoked")?, optional_time(new, "revoked")?);
    let (None, Some(at)) = (was, is) else {
        return Ok(Vec::new());
    };
    let sid = get_text(new, "sid")?;
    let player = get_text(new, "uid")?;
    Ok(vec![notice(player, at, News::SessionEnded { sid })])
}

/// One side of a block, or a follower's row: its owner's circle is another if the block came or went, or if what is
/// mutual did.
fn of_tie(change: &Change, block: bool) -> Result<Vec<Notice>, Error> {
    let counts = |image: &Option<Item>| {
        let image = image.as_ref();
        image.is_some_and(|image| block || status::truth(image, "mutual"))
    };
    if counts(&change.old) == counts(&change.new) {
        return Ok(Vec::new());
    }
    let Some(image) = change.new.as_ref().or(change.old.as_ref()) else {
        return Ok(Vec::new());
    };
    let owner: String = get_text(image, keys::PK)?;
    let owner = owner.strip_prefix("U#").and_then(|owner| owner.parse().ok());
    let owner = owner.ok_or(Error::Corrupt { attribute: keys::PK })?;
    Ok(vec![notice(owner, change.at, News::Circle)])
}

fn notice(player: PlayerId, at: Time, news: News) -> Notice {
    Notice { player, at, news }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
mod tests;
