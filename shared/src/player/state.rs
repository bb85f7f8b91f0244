//! The stored state of a player object: its rows, its subscribers, and the attachments of its me sockets.

use super::current_match::CurrentMatch;
use super::devices::Lease;
use super::inbox::Inbox;
use super::me_socket::{Attachment, MeSocket};
use super::restrictions::Restrictions;
use super::{Call, Effect, Player};
use crate::connection::{Conn, ConnectionGuard, Identity};
use crate::delivery::pending_calls::PendingCalls;
use crate::id::{PlayerId, PoolName, RoomId};
use crate::presence::PresenceAt;
use crate::time::Time;
use crate::wire::envelope;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The row of the player, as a restart finds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DurableState {
    #[serde(deserialize_with = "readable")]
    pub leases: Vec<Lease>,
    #[serde(rename = "live")]
    pub current_match: Option<CurrentMatch>,
    /// The latest matches that released the player: a lobby's late request for one of them may still arrive.
    #[serde(rename = "freed")]
    pub released: VecDeque<RoomId>,
    /// The open rooms that the player has created, and when each has certainly ended.
    #[serde(rename = "rooms")]
    pub owned_rooms: BTreeMap<RoomId, Time>,
    /// The player's shard of each divided queue.
    #[serde(rename = "homes")]
    pub home_shards: BTreeMap<PoolName, u16>,
    #[serde(rename = "bars")]
    pub restrictions: Restrictions,
    /// Calls that other objects have not confirmed.
    pub calls: PendingCalls<Call>,
    /// True if the player is connected on any device.
    #[serde(rename = "here")]
    pub connected: bool,
    /// When the last device disconnected.
    #[serde(rename = "lost")]
    pub disconnected_at: Option<Time>,
    /// True if the stored visibility is the region's latest, as far as it is known.
    #[serde(rename = "fresh")]
    pub visibility_known: bool,
    /// Number of announced changes of visibility: a response to an older question is ignored.
    #[serde(rename = "circle_turn")]
    pub visibility_revision: u64,
    /// The presence that was last sent to the subscribers.
    #[serde(rename = "shown")]
    pub published: Option<PresenceAt>,
    /// The subscribers that have not confirmed it.
    #[serde(rename = "owed")]
    pub unconfirmed: BTreeSet<PlayerId>,
    /// Presence changes of followed players that the me sockets have not yet received.
    #[serde(rename = "news")]
    pub updates: BTreeMap<PlayerId, PresenceAt>,
    /// The notices of the operator's backend.
    #[serde(skip_serializing_if = "Inbox::is_empty")]
    pub inbox: Inbox,
    /// When the player was erased.
    #[serde(rename = "erased")]
    pub erased_at: Option<Time>,
}

/// Reads leases and skips unreadable ones: a host that cannot be named cannot be asked.
fn readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Lease>, D::Error> {
    let leases = Vec::<Value>::deserialize(deserializer)?;
    Ok(leases.into_iter().filter_map(|lease| serde_json::from_value(lease).ok()).collect())
}

/// One write to storage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The row of the player.
    pub player: Option<String>,
    /// The row of the players who may see this player.
    pub visibility: Option<String>,
    /// Subscribers that were added (true) or removed (false).
    pub subscribers: Vec<(PlayerId, bool)>,
    /// When the alarm must ring.
    pub alarm: Option<Time>,
}

/// The rows in storage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The row of the player.
    pub player: Option<String>,
    /// The row of the players who may see this player.
    pub visibility: Option<String>,
    pub subscribers: Vec<PlayerId>,
}

impl Player {
    /// Returns the player as a restart finds it, with the effects that follow. `Err` if a row cannot be read.
    pub fn restore(
        rows: &Rows,
        attachments: &[String],
        now: Time,
    ) -> Result<(Self, Vec<Effect>), serde_json::Error> {
        let mut player = match &rows.player {
            Some(text) => serde_json::from_str(text)?,
            None => Self::default(),
        };
        if let Some(text) = &rows.visibility {
            player.visible_to = serde_json::from_str(text)?;
        }
        player.subscribers = rows.subscribers.iter().cloned().collect();
        for text in attachments {
            let Ok(attachment) = serde_json::from_str::<Attachment>(text) else {
                continue;
            };
            let guard = ConnectionGuard::new(attachment.who, now);
            let socket = MeSocket { guard, active: attachment.active, since: attachment.since };
            player.sockets.insert(attachment.conn, socket);
        }
        // An update may have been sent just before the restart.
        player.notified_at = Some(now).filter(|_| !player.durable.updates.is_empty());
        let before = player.durable.clone();
        let effects = player.finish(now, &before);
        Ok((player, effects))
    }

    /// Reads which me socket an attachment belongs to, and its identity.
    #[must_use]
    pub fn read_attachment(text: &str) -> Option<(Conn, Identity)> {
        let attachment: Attachment = serde_json::from_str(text).ok()?;
        Some((attachment.conn, attachment.who))
    }

    /// Returns what a restart must find again: the rows, and each me socket with its `active` flag.
    #[must_use]
    pub fn durable_state(&self) -> (Rows, Vec<(Conn, bool)>) {
        let rows = Rows {
            player: Some(envelope::encode(&self.durable).to_string()),
            visibility: Some(envelope::encode(&self.visible_to).to_string()),
            subscribers: self.subscribers.iter().cloned().collect(),
        };
        let sockets = self.sockets.iter();
        (rows, sockets.map(|(&conn, socket)| (conn, socket.active)).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_lease_is_skipped() {
        let row =
            r#"{"leases":[{"object":"room:m_1","conn":1,"since":5},{"object":"hall:7","conn":2,"since":5}]}"#;
        let rows = Rows { player: Some(row.into()), ..Rows::default() };
        let (player, _) = Player::restore(&rows, &[], Time::from_ms(9)).unwrap();
        let objects: Vec<String> = player.objects().iter().map(ToString::to_string).collect();
        assert_eq!(objects, ["room:m_1"]);
    }

    #[test]
    fn row_keeps_its_stored_names() {
        let row = serde_json::json!({
            "leases": [{ "object": "lobby:ranked:top", "conn": 1, "since": 5, "at": 4, "sid": "s_1" }],
            "live": { "room": "m_1", "until": null },
            "freed": ["m_0"],
            "rooms": { "m_2": 9 },
            "homes": { "ranked": 3 },
            "bars": { "least": 2, "ended": [["s_0", 9]], "ban": { "at": 1, "until": 8 } },
            "calls": {
                "next": 5,
                "open": [
                    { "id": 1, "call": { "dismiss": { "object": "room:m_1", "dismissal": { "why": "banned" } } }, "tries": 1, "due": 7 },
                    { "id": 2, "call": "circle", "tries": 0, "due": 7 },
                    { "id": 3, "call": "watch", "tries": 0, "due": 7 },
                    { "id": 4, "call": "show", "tries": 0, "due": 7 },
                ],
            },
            "here": true,
            "lost": 3,
            "fresh": true,
            "circle_turn": 2,
            "shown": { "state": "away", "as_of": 6 },
            "owed": ["p_2"],
            "news": { "p_3": { "state": "online", "as_of": 6 } },
            "erased": null,
        });
        let state: DurableState = serde_json::from_value(row.clone()).unwrap();
        assert_eq!(serde_json::to_value(&state).unwrap(), row);
    }
}
