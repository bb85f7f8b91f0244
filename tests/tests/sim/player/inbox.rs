//! Notices of the operator's backend: each that was confirmed is on every open me socket until it is read, and never again.

use crate::marks::Mark;
use crate::world::World;
use serde_json::{Value, json};
use shared::connection::{Conn, ConnectionInput};
use shared::id::NoticeId;
use shared::rpc::player_notice::{NoticeAnswer, NoticeRequest};
use shared::time::Time;
use shared::wire::envelope::Reply;
use shared::wire::me::Notice;
use shared::wire::notice::PlayerNotice;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Different notices to a player: more than are kept unread.
const NOTICES: usize = 24;

/// A notice as the backend and the player know it.
#[derive(Debug)]
pub struct Sent {
    until: Time,
    /// The backend has an answer.
    confirmed: bool,
    /// A `read` of it was sent, perhaps in vain.
    maybe_read: bool,
    /// A `read` of it has an answer.
    read: bool,
}

/// The notices to one player, by id.
pub type Ledger = BTreeMap<NoticeId, Sent>;

impl World {
    /// Leaves one notice, or many.
    pub fn leave_notices(&mut self, person: usize) {
        if self.chance.one_in(10) {
            (0..NOTICES).for_each(|nth| self.leave_notice(person, nth));
        } else {
            let nth = self.chance.below(NOTICES);
            self.leave_notice(person, nth);
        }
    }

    /// Leaves a notice, perhaps one that was left before: the backend repeats what it has no answer to.
    fn leave_notice(&mut self, person: usize, nth: usize) {
        let id = NoticeId::derive(&[&nth.to_string()]);
        let now = self.time();
        let ttl = Duration::from_millis(self.chance.between(60_000, 7_200_000));
        let first = Sent { until: now + ttl, confirmed: false, maybe_read: false, read: false };
        let until = self.people[person].inbox.entry(id.clone()).or_insert(first).until;
        let by = "p_service-sim".parse().expect("an id");
        let notice = PlayerNotice { id: id.clone(), ts: now, by, until, body: Value::Null };
        let request = NoticeRequest { notice, audited: true };
        let answer = self.change(person, |player, now| player.notify_player(now, &request));
        match answer {
            Some(NoticeAnswer::Kept { created, .. }) => {
                self.marks.extend((!created).then_some(Mark::NoticeRepeated));
                let sent = self.people[person].inbox.get_mut(&id).expect("in the ledger");
                sent.confirmed = true;
            }
            Some(NoticeAnswer::Full) => drop(self.marks.insert(Mark::NoticeFull)),
            Some(NoticeAnswer::New) => panic!("the action is audited"),
            Some(NoticeAnswer::Erased) => panic!("no account is erased here"),
            None => {}
        }
    }

    /// Reads some notices on one socket.
    pub fn read_notices(&mut self, person: usize) {
        let mut wires = self.players[person].wires.iter_mut();
        let Some((&conn, line)) =
            wires.find(|(_, line)| !line.link.is_cut() && !line.view.notices.is_empty())
        else {
            return;
        };
        let ids: Vec<NoticeId> = line.view.notices.iter().take(2).cloned().collect();
        for id in &ids {
            self.people[person].inbox.get_mut(id).expect("a notice that was sent").maybe_read = true;
        }
        let text = json!({ "op": "read", "id": line.view.reads.len(), "body": { "ids": ids } }).to_string();
        line.view.reads.push(ids);
        self.turn(person, &ConnectionInput::Text { conn, text: &text }.into());
    }

    /// Notes that notices are read, once the reply has come.
    pub fn note_read(&mut self, person: usize, conn: Conn, reply: &Reply) {
        let id = reply.id.as_ref().filter(|_| reply.ok.is_some()).and_then(Value::as_u64);
        let Some(line) = self.players[person].wires.get_mut(&conn) else { return };
        let Some(ids) = id.and_then(|id| line.view.reads.get(usize::try_from(id).ok()?)) else { return };
        self.marks.insert(Mark::NoticeRead);
        line.view.notices.retain(|id| !ids.contains(id));
        for id in ids {
            self.people[person].inbox.get_mut(id).expect("a notice that was sent").read = true;
        }
    }

    /// Shows a notice on a me socket.
    pub fn show_notice(&mut self, person: usize, conn: Conn, notice: Notice) {
        let Some(line) = self.players[person].wires.get_mut(&conn).filter(|line| !line.link.is_cut()) else {
            return;
        };
        match notice {
            Notice::Message(PlayerNotice { id, until, .. }) => {
                let sent = &self.people[person].inbox[&id];
                assert!(!sent.read, "p_{person}: {id} comes again after it was read");
                assert!(
                    until == sent.until && self.now < until.ms(),
                    "p_{person}: {id} expired at {until:?}"
                );
                assert!(line.view.notices.insert(id.clone()), "p_{person}: {id} came twice on {conn:?}");
            }
            Notice::Read { ids } => line.view.notices.retain(|id| !ids.contains(id)),
            Notice::SignedOut | Notice::Banned { .. } | Notice::SessionEnded { .. } => {}
        }
    }

    /// Checks that each open me socket shows what is confirmed and unread.
    pub fn check_notices(&mut self) {
        for (person, object) in self.players.iter().enumerate() {
            let kept = self.people[person].inbox.iter().filter(|(_, sent)| self.now < sent.until.ms());
            let unread = |sent: &Sent| sent.confirmed && !sent.maybe_read;
            let owed: BTreeSet<&NoticeId> = kept.filter(|(_, sent)| unread(sent)).map(|(id, _)| id).collect();
            for (conn, line) in object.wires.iter().filter(|(_, line)| !line.link.is_cut()) {
                for id in &owed {
                    assert!(line.view.notices.contains(*id), "p_{person} does not see {id} on {conn:?}");
                    self.marks.insert(Mark::NoticeUnread);
                }
                let read = |id: &&NoticeId| self.people[person].inbox[*id].read;
                assert_eq!(line.view.notices.iter().find(read), None, "p_{person} on {conn:?}");
            }
        }
    }
}
