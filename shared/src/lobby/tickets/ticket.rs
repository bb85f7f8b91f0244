//! The rules of a ticket: when it accepts another one, and its forms in commands and events.

use crate::id::{PlayerId, RoomId};
use crate::limits;
use crate::pool::Pool;
use crate::pool::want::{self, Want};
use crate::rpc::record::MatchmakingProfile;
pub use crate::rpc::ticket::{Escalation, Hold, Member, Proposal, State, Ticket};
use crate::time::Time;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::Event;
use crate::wire::{self, Refusal};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;

impl Ticket {
    /// Returns the member who commands the ticket.
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.members.first()
    }

    /// Returns the players of the ticket.
    pub fn players(&self) -> impl Iterator<Item = &PlayerId> {
        self.members.iter().map(|member| &member.player)
    }

    /// Returns the mean rating of the members.
    #[must_use]
    pub fn rating(&self) -> f64 {
        mean(self.members.iter().map(|member| member.rating))
    }

    /// Returns the mean deviation of the members.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        mean(self.members.iter().map(|member| member.deviation))
    }

    /// Returns true unless a match is forming with the ticket.
    #[must_use]
    pub fn is_free(&self) -> bool {
        match self.state {
            State::Waiting | State::Paused(_) | State::Releasing(_) => true,
            State::Forming(_) | State::HeldByParent(_) => false,
        }
    }

    /// Returns the match that is forming, or was canceled and is being released.
    #[must_use]
    pub fn room(&self) -> Option<&RoomId> {
        match &self.state {
            State::Forming(room) | State::Releasing(room) => Some(room),
            State::HeldByParent(hold) => Some(&hold.room),
            State::Waiting | State::Paused(_) => None,
        }
    }

    /// Returns the earliest time at which all members accept all members of the other ticket; `None` for
    /// never.
    #[must_use]
    pub fn accepts_at(&self, other: &Self, pool: &Pool) -> Option<Time> {
        let mut soonest = self.since;
        for mine in &self.members {
            for theirs in &other.members {
                for want in mine.wants.iter().chain(&pool.wants) {
                    soonest = soonest.max(self.since + mine.accepts_after(want, theirs)?);
                }
            }
        }
        Some(soonest)
    }
}

/// Returns the mean of the values; 0 without values.
#[allow(clippy::cast_precision_loss)]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1);
    values.sum::<f64>() / count as f64
}

impl Member {
    /// Combines the region's profile with the attributes that the player sent. The region's attributes win.
    #[must_use]
    pub fn new(
        standing: MatchmakingProfile,
        mut attrs: Map<String, Value>,
        wants: Vec<Want>,
        no_rematch: Option<Duration>,
    ) -> Self {
        attrs.extend(standing.attrs);
        let mut apart = standing.blocked;
        apart.sort_unstable();
        let recent = standing.recent.into_iter();
        let recent = no_rematch
            .map_or_else(Vec::new, |span| recent.map(|met| (met.player, met.ended + span)).collect());
        Self {
            player: standing.player,
            name: standing.name,
            rating: standing.rating,
            deviation: standing.deviation,
            attrs,
            wants,
            blocked: apart,
            recent,
        }
    }

    /// Returns the wait after which a want accepts the other player; `None` for never.
    #[must_use]
    pub fn accepts_after(&self, want: &Want, other: &Self) -> Option<Duration> {
        let mine = self.attr(&want.attr);
        let theirs = other.attr(&want.attr);
        want.accepts_after(mine.as_deref(), theirs.as_deref())
    }

    /// Returns an attribute. `rating` is always the region's rating.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<Cow<'_, Value>> {
        if name == "rating" {
            return Some(Cow::Owned(self.rating.into()));
        }
        self.attrs.get(name).map(Cow::Borrowed)
    }

    /// Returns the time before which a rematch of the two is excluded, if any.
    ///
    /// # Errors
    /// [`Blocked`] if one of the two blocks the other, which excludes a match for ever.
    pub fn kept_apart_until(&self, other: &Self) -> Result<Option<Time>, Blocked> {
        let blocks = |a: &Self, b: &Self| a.blocked.binary_search(&b.player).is_ok();
        if blocks(self, other) || blocks(other, self) {
            return Err(Blocked);
        }
        let met = |a: &Self, b: &Self| {
            let with = a.recent.iter().filter(|(who, _)| *who == b.player);
            with.map(|(_, until)| *until).max()
        };
        Ok(met(self, other).max(met(other, self)))
    }
}

/// One player blocks the other, so they are never matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked;

/// Returns the player's current match unless it is, or was, forming with the ticket. A player object may know
/// the match before its room exists.
pub(in crate::lobby) fn other_match(ticket: Option<&Ticket>, current: Option<RoomId>) -> Option<RoomId> {
    current.filter(|room| ticket.and_then(Ticket::room) != Some(room))
}

/// Returns the ticket as its players see it.
pub(in crate::lobby) fn wire_ticket(ticket: &Ticket) -> wire::lobby::Ticket {
    wire::lobby::Ticket {
        key: ticket.key.clone(),
        since: ticket.since,
        ticket: ticket.id.clone(),
        with: (ticket.members.len() > 1).then(|| ticket.players().cloned().collect()),
    }
}

/// Returns the event that announces a ticket.
pub(in crate::lobby) fn queued_event(ticket: &Ticket) -> Text {
    Envelope::ephemeral(Event::Queued(wire_ticket(ticket))).text()
}

/// The attributes that only the service sets: `rating` by its matches, `tier` by what the player has paid for.
pub const RESERVED_ATTRS: [&str; 2] = ["rating", "tier"];

/// Reads the attributes and wants in the body of `enter`, `party` or `join`.
pub fn read_entry(body: &Value) -> Result<(Map<String, Value>, Vec<Want>), Refusal> {
    let attrs = match body.get("attrs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(attrs)) if attrs.len() <= limits::ATTRS_MAX => attrs.clone(),
        Some(_) => {
            return Err(Refusal::field(
                "body.attrs",
                format!("must be an object of at most {} attributes", limits::ATTRS_MAX),
            ));
        }
    };
    if let Some(name) = RESERVED_ATTRS.iter().find(|name| attrs.contains_key(**name)) {
        let text = "is set by the service; omit it";
        return Err(Refusal::field(&format!("body.attrs.{name}"), text.to_owned()));
    }
    for (name, value) in &attrs {
        let allowed = match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(text) => text.len() <= limits::KEY_BYTES_MAX,
            Value::Array(items) => items.len() <= limits::ATTRS_MAX && items.iter().all(short),
            Value::Null | Value::Object(_) => false,
        };
        if !allowed || name.len() > limits::KEY_BYTES_MAX {
            let field = format!("body.attrs.{}", name.chars().take(40).collect::<String>());
            return Err(Refusal::field(
                &field,
                format!(
                    "must be a number, a boolean, a string of at most {} bytes, or a list of at most {} such strings",
                    limits::KEY_BYTES_MAX,
                    limits::ATTRS_MAX
                ),
            ));
        }
    }
    let wants = want::read(body.get("wants"));
    let wants = wants.map_err(|invalid| Refusal::field(&invalid.field, invalid.message))?;
    Ok((attrs, wants))
}

fn short(item: &Value) -> bool {
    item.as_str().is_some_and(|text| text.len() <= limits::KEY_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Returns a player with recent opponents, as the region names them: the player and the end of the match in ms.
    fn member(n: u32, recent: &[(u32, u64)]) -> Member {
        let recent = recent.iter().map(|(n, ended)| json!({ "player": format!("p_{n}"), "ended": ended }));
        let profile = json!({
            "player": format!("p_{n}"), "name": "", "rating": 1500.0, "banned": false, "ep": 0,
            "recent": recent.collect::<Vec<_>>(),
        });
        let profile = serde_json::from_value(profile).unwrap();
        Member::new(profile, Map::new(), Vec::new(), Some(Duration::from_secs(10)))
    }

    #[test]
    fn latest_match_of_two_players_decides_whichever_of_them_the_region_told_of_it() {
        let check = |mine: &[(u32, u64)], theirs: &[(u32, u64)], expected: Option<u64>| {
            let (me, other) = (member(1, mine), member(2, theirs));
            for (a, b) in [(&me, &other), (&other, &me)] {
                let until = a.kept_apart_until(b).ok().unwrap();
                assert_eq!(until, expected.map(Time::from_ms), "{mine:?} {theirs:?}");
            }
        };
        check(&[], &[], None);
        check(&[(3, 5)], &[(4, 5)], None);
        check(&[(2, 5)], &[], Some(10_005));
        check(&[(2, 9), (3, 8), (2, 5)], &[], Some(10_009));
        check(&[(2, 5)], &[(1, 7)], Some(10_007));
    }

    #[test]
    fn attributes_of_the_service_are_refused_from_a_client() {
        for name in RESERVED_ATTRS {
            let fault = read_entry(&json!({ "attrs": { "lang": "en", name: "gold" } })).unwrap_err();
            assert_eq!(fault.field.as_deref(), Some(format!("body.attrs.{name}").as_str()));
        }
        // Wants about them are allowed.
        let wants = json!([{ "attr": "tier", "is": "gold" }, { "attr": "rating", "within": 50 }]);
        assert!(read_entry(&json!({ "attrs": { "lang": "en" }, "wants": wants })).is_ok());
    }
}
