//! The events of webhooks, with the text that is sent and the place in the order of their subject.
//!
//! An event names players by their ids alone: names and what players wrote are read from the region while they exist.

use crate::domain::ban::{Ban, BanChange, PERMANENT};
use crate::domain::report::Case;
use crate::domain::rfc3339::format_time;
use serde_json::{Map, Value, json};
use shared::id::{MessageId, PlayerId};
use shared::rpc::opened::OpenedRoom;
use shared::rpc::record::MatchRecord;
use shared::time::Time;
use shared::webhook::EventType;

/// An event, the same for all endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: EventType,
    /// The match, or the player, among whose events the order is kept.
    pub subject: String,
    /// The place among the events of the subject that are not delivered yet.
    pub order: Order,
    /// When it happened.
    pub at: Time,
    /// The name of what happened: the same event has the same name.
    name: String,
    data: Value,
}

/// The place of an event in the order of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Before all others: a match is made once.
    First,
    /// By the time of the commit; the end of a match comes last at its time.
    At(Time, bool),
    /// After all others: nothing follows the erasure of a player.
    Last,
}

impl Event {
    /// A queue made a match.
    #[must_use]
    pub fn match_made(room: &OpenedRoom) -> Self {
        let mut data = json!({
            "match": room.id,
            "pool": room.pool,
            "players": room.players,
            "created": format_time(room.created),
        });
        add(&mut data, "mode", room.mode.as_ref().map(|mode| json!(mode)));
        let subject = room.id.to_string();
        Self {
            kind: EventType::MatchMade,
            name: subject.clone(),
            subject,
            order: Order::First,
            at: room.created,
            data,
        }
    }

    /// A match ended, and the region has its record since `now`.
    #[must_use]
    pub fn match_ended(record: &MatchRecord, now: Time) -> Self {
        let players = record.players.iter().map(|one| json!({ "player": one.player, "came": one.came }));
        let mut data = json!({
            "match": record.id,
            "pool": record.pool,
            "players": players.collect::<Vec<Value>>(),
            "started": format_time(record.started),
            "ended": format_time(record.ended),
            "reason": record.reason,
            "by": record.by,
            "result": record.result,
        });
        add(&mut data, "mode", record.mode.as_ref().map(|mode| json!(mode)));
        add(&mut data, "outcome", record.outcome.as_ref().map(|outcome| json!(outcome)));
        let subject = record.id.to_string();
        Self {
            kind: EventType::MatchEnded,
            name: subject.clone(),
            subject,
            order: Order::At(now, true),
            at: record.ended,
            data,
        }
    }

    /// A player reported another. The event belongs to the match where that happened in one.
    #[must_use]
    pub fn report_filed(case: &Case) -> Self {
        let report = &case.report;
        let mut data = json!({
            "report": report.id,
            "by": report.by,
            "player": report.player,
            "reason": report.reason,
            "created": format_time(case.created),
        });
        add(&mut data, "room", report.room.as_ref().map(|room| json!(room)));
        let room = report.room.as_ref().map(ToString::to_string);
        Self {
            kind: EventType::ReportFiled,
            subject: room.unwrap_or_else(|| report.player.to_string()),
            order: Order::At(case.created, false),
            at: case.created,
            name: report.id.to_string(),
            data,
        }
    }

    /// A decision about a player: a ban, or the lift of one.
    #[must_use]
    pub fn ban_changed(player: &PlayerId, change: &BanChange) -> Option<Self> {
        match (&change.new, &change.over) {
            (Some(ban), _) => Some(Self::banned(ban)),
            (None, Some(lifted)) => Some(Self::unbanned(player, lifted, change.at)),
            (None, None) => None,
        }
    }

    fn banned(ban: &Ban) -> Self {
        let data = json!({
            "ban": ban.id,
            "player": ban.player,
            "reason": ban.reason,
            "by": ban.by,
            "decided": format_time(ban.decided),
            "until": (ban.until < PERMANENT).then(|| format_time(ban.until)),
        });
        Self {
            kind: EventType::PlayerBanned,
            subject: ban.player.to_string(),
            order: Order::At(ban.decided, false),
            at: ban.decided,
            name: ban.id.to_string(),
            data,
        }
    }

    fn unbanned(player: &PlayerId, lifted: &Ban, at: Time) -> Self {
        let by = lifted.ended.as_ref().map(|(_, by)| by);
        let data = json!({ "ban": lifted.id, "player": player, "by": by, "lifted": format_time(at) });
        Self {
            kind: EventType::PlayerUnbanned,
            subject: player.to_string(),
            order: Order::At(at, false),
            at,
            name: lifted.id.to_string(),
            data,
        }
    }

    /// A player deleted the account.
    #[must_use]
    pub fn player_erased(player: &PlayerId, at: Time) -> Self {
        Self {
            kind: EventType::PlayerErased,
            subject: player.to_string(),
            order: Order::Last,
            at,
            name: player.to_string(),
            data: json!({ "player": player }),
        }
    }

    /// Returns the id of the event's message to an endpoint: the same event has the same id.
    #[must_use]
    pub fn message_id(&self, endpoint: &str) -> MessageId {
        MessageId::derive(&[endpoint, self.kind.name(), &self.name])
    }

    /// Returns the body of the message. It is stored, so that each attempt sends the same bytes.
    #[must_use]
    pub fn body(&self) -> String {
        json!({ "type": self.kind, "timestamp": format_time(self.at), "data": self.data }).to_string()
    }
}

/// Adds a field that is absent where it has no value.
fn add(data: &mut Value, name: &str, value: Option<Value>) {
    if let Value::Object(fields) = data {
        Map::extend(fields, value.map(|value| (name.to_owned(), value)));
    }
}
