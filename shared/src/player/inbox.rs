//! Notices of the operator's backend: kept until the player has read them, or until they expire.
//!
//! A notice comes on every open me socket, and again on each that opens later, until one of them confirms it with
//! `read`. Unread notices are a part of the player's row: a player without any costs nothing.

use super::Player;
use crate::connection::Conn;
use crate::id::NoticeId;
use crate::limits;
use crate::rpc::player_notice::{NoticeAnswer, NoticeRequest};
use crate::time::Time;
use crate::wire::me::Notice;
use crate::wire::notice::PlayerNotice;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The notices of one player.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Inbox {
    /// The unread ones, the oldest first.
    unread: Vec<PlayerNotice>,
    /// The latest ids, read or not: a repeated request must not bring a notice back.
    known: VecDeque<NoticeId>,
}

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.known.is_empty()
    }

    fn drop_expired(&mut self, now: Time) {
        self.unread.retain(|notice| now < notice.until);
    }

    fn add(&mut self, notice: PlayerNotice) {
        self.known.push_back(notice.id.clone());
        if self.known.len() > limits::NOTICES_KNOWN_MAX {
            self.known.pop_front();
        }
        self.unread.push(notice);
    }

    /// Removes notices, and returns those that were unread.
    fn read(&mut self, ids: Vec<NoticeId>) -> Vec<NoticeId> {
        let is_unread = |id: &NoticeId| self.unread.iter().any(|notice| notice.id == *id);
        let read: Vec<NoticeId> = ids.into_iter().filter(is_unread).collect();
        self.unread.retain(|notice| !read.contains(&notice.id));
        read
    }
}

impl Player {
    /// Keeps a notice, and sends it to the open me sockets. The answer is valid once the effects are carried out.
    pub fn notify_player(
        &mut self,
        now: Time,
        request: &NoticeRequest,
    ) -> (NoticeAnswer, Vec<super::Effect>) {
        let before = self.durable.clone();
        let answer = self.keep(now, request);
        (answer, self.finish(now, &before))
    }

    fn keep(&mut self, now: Time, request: &NoticeRequest) -> NoticeAnswer {
        let NoticeRequest { notice, audited } = request;
        if self.durable.erased_at.is_some() {
            return NoticeAnswer::Erased;
        }
        let connected = !self.sockets.is_empty();
        let inbox = &mut self.durable.inbox;
        if inbox.known.contains(&notice.id) {
            return NoticeAnswer::Kept { created: false, connected };
        }
        inbox.drop_expired(now);
        if inbox.unread.len() >= limits::NOTICES_UNREAD_MAX {
            return NoticeAnswer::Full;
        }
        if !audited {
            return NoticeAnswer::New;
        }
        let is_unread = now < notice.until;
        inbox.add(notice.clone());
        for conn in self.sockets_where(|_| is_unread) {
            self.notify(conn, Notice::Message(notice.clone()));
        }
        NoticeAnswer::Kept { created: true, connected }
    }

    /// Sends the unread notices to a socket that has opened.
    pub(super) fn send_unread(&mut self, now: Time, conn: Conn) {
        self.durable.inbox.drop_expired(now);
        for notice in self.durable.inbox.unread.clone() {
            self.notify(conn, Notice::Message(notice));
        }
    }

    /// Removes notices that the player has read on one socket, and tells the others.
    pub(super) fn mark_read(&mut self, conn: Conn, ids: Vec<NoticeId>) {
        let ids = self.durable.inbox.read(ids);
        if ids.is_empty() {
            return;
        }
        for other in self.sockets_where(|_| true).into_iter().filter(|&other| other != conn) {
            self.notify(other, Notice::Read { ids: ids.clone() });
        }
    }

    /// Returns the number of unread notices.
    pub(super) fn unread(&self, now: Time) -> usize {
        self.durable.inbox.unread.iter().filter(|notice| now < notice.until).count()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::{ConnectionInput, Identity};
    use crate::player::{Effect, Input, Rows};
    use crate::rpc::notice::{Notice as RegionNotice, NoticeKind};
    use serde_json::{Value, json};
    use std::time::Duration;

    const NOW: Time = Time::from_ms(1_000_000);

    fn notice(nth: usize) -> NoticeRequest {
        let notice = PlayerNotice {
            id: NoticeId::derive(&[&nth.to_string()]),
            ts: NOW,
            by: "p_service-shop".parse().unwrap(),
            until: NOW + Duration::from_secs(60),
            body: json!({ "nth": nth }),
        };
        NoticeRequest { notice, audited: true }
    }

    fn kept(player: &mut Player, nth: usize) -> NoticeAnswer {
        player.notify_player(NOW, &notice(nth)).0
    }

    /// Opens a me socket, and returns its number and what it receives.
    fn open(player: &mut Player, now: Time) -> (Conn, Vec<Value>) {
        let conn = player.next_conn();
        let identity = Identity {
            player: "p_ana".parse().unwrap(),
            sid: "s_1".parse().unwrap(),
            ep: 0,
            exp: Time::from_ms(u64::MAX),
        };
        let effects = player.handle(now, Input::Opened { conn, identity });
        (conn, notices(&effects, conn))
    }

    /// Returns the bodies of the notices to one socket.
    fn notices(effects: &[Effect], to: Conn) -> Vec<Value> {
        let texts = effects.iter().filter_map(|effect| match effect {
            Effect::Send { conn, text } if *conn == to => Some(serde_json::from_str(text).unwrap()),
            _ => None,
        });
        let events = texts.filter(|event: &Value| event["ev"] == "notice");
        events.map(|event| event["body"].clone()).collect()
    }

    fn read(player: &mut Player, conn: Conn, ids: &Value) -> Vec<Effect> {
        let frame = json!({ "op": "read", "id": 1, "body": { "ids": ids } }).to_string();
        player.handle(NOW, ConnectionInput::Text { conn, text: &frame }.into())
    }

    #[test]
    fn notice_comes_on_every_socket_until_one_of_them_has_read_it() {
        let mut player = Player::default();
        assert_eq!(kept(&mut player, 1), NoticeAnswer::Kept { created: true, connected: false });
        let (first, seen) = open(&mut player, NOW);
        assert_eq!((&seen[0]["kind"], &seen[0]["body"]["nth"]), (&json!("message"), &json!(1)));
        let (second, again) = open(&mut player, NOW);
        assert_eq!(again, seen);
        let (answer, effects) = player.notify_player(NOW, &notice(2));
        assert_eq!(answer, NoticeAnswer::Kept { created: true, connected: true });
        assert_eq!((notices(&effects, first).len(), notices(&effects, second).len()), (1, 1));
        let effects = read(&mut player, first, &json!([seen[0]["id"], "nt_unknown"]));
        assert_eq!(notices(&effects, second), [json!({ "kind": "read", "ids": [seen[0]["id"]] })]);
        assert!(notices(&effects, first).is_empty());
        assert_eq!(player.unread(NOW), 1);
        assert_eq!(open(&mut player, NOW).1.len(), 1);
    }

    #[test]
    fn restart_keeps_what_is_unread_and_what_was_read() {
        let mut player = Player::default();
        for nth in 1..=2 {
            kept(&mut player, nth);
        }
        let (conn, _) = open(&mut player, NOW);
        let _ = read(&mut player, conn, &json!([notice(1).notice.id]));
        let rows = Rows { player: player.durable_state().0.player, ..Rows::default() };
        let (mut back, _) = Player::restore(&rows, &[], NOW).unwrap();
        assert_eq!(kept(&mut back, 1), NoticeAnswer::Kept { created: false, connected: false });
        assert_eq!(open(&mut back, NOW).1.len(), 1);
    }

    #[test]
    fn expired_notices_make_room_and_are_not_sent() {
        let mut player = Player::default();
        for nth in 0..limits::NOTICES_UNREAD_MAX {
            assert_eq!(kept(&mut player, nth), NoticeAnswer::Kept { created: true, connected: false });
        }
        assert_eq!(kept(&mut player, 99), NoticeAnswer::Full);
        let later = NOW + Duration::from_secs(60);
        assert!(open(&mut player, later).1.is_empty());
        let (answer, _) = player.notify_player(later, &notice(99));
        assert_eq!(answer, NoticeAnswer::Kept { created: true, connected: true });
    }

    #[test]
    fn notice_is_kept_only_once_its_action_is_audited() {
        let mut player = Player::default();
        let first = NoticeRequest { audited: false, ..notice(1) };
        assert_eq!(player.notify_player(NOW, &first), (NoticeAnswer::New, vec![]));
        assert_eq!(kept(&mut player, 1), NoticeAnswer::Kept { created: true, connected: false });
        let again = NoticeAnswer::Kept { created: false, connected: false };
        assert_eq!(player.notify_player(NOW, &first), (again, vec![]));
    }

    #[test]
    fn erased_player_keeps_no_notice() {
        let mut player = Player::default();
        kept(&mut player, 1);
        let erased = RegionNotice { player: "p_ana".parse().unwrap(), at: NOW, kind: NoticeKind::Erased };
        let _ = player.handle(NOW, Input::Noticed { notice: &erased });
        assert_eq!(player.unread(NOW), 0);
        assert_eq!(kept(&mut player, 2), NoticeAnswer::Erased);
    }
}
