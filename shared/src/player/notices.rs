//! What the region says of a person: kept first, then told to every place that has a socket of theirs.

use super::{Call, Player, Ring};
use crate::call::CallId;
use crate::id::SessionId;
use crate::internal::Dismissal;
use crate::notice::{News, Notice};
use crate::protocol::Close;
use crate::socket::{Conn, Who};
use crate::time::Time;
use serde_json::{Value, json};

impl Player {
    pub(super) fn noticed(&mut self, now: Time, notice: &Notice) {
        match &notice.news {
            News::Revoked { ep } => self.revoked(now, *ep),
            News::SessionEnded { sid } => self.ended(now, sid),
            News::Banned { until } => {
                if self.saved.bars.ban(notice.at, Some(*until)) && now < *until {
                    self.dismiss(now, &Dismissal::Banned);
                    let word = json!({ "kind": "banned", "until": until });
                    self.put_out(|_| true, &word, Close::Banned);
                }
            }
            News::Unbanned => {
                if self.saved.bars.ban(notice.at, None) {
                    // Who has not heard of the ban yet need not.
                    self.saved.calls.withdraw(|call| {
                        matches!(call, Call::Dismiss { dismissal, .. } if *dismissal == Dismissal::Banned)
                    });
                }
            }
            // Copies of a profile are not kept here.
            News::Profile { .. } => {}
            News::Circle => self.circle_changed(),
            News::Erased => {
                self.revoked(now, u64::MAX);
                self.saved.erased.get_or_insert(now);
                self.saved.live = None;
                self.take_ring(now, Ring::default());
            }
        }
    }

    fn revoked(&mut self, now: Time, ep: u64) {
        if self.saved.bars.revoke(ep) {
            self.dismiss(now, &Dismissal::Revoked { ep });
            let word = json!({ "kind": "signed_out" });
            self.put_out(|who| who.ep < ep, &word, Close::SessionRevoked);
        }
    }

    fn ended(&mut self, now: Time, sid: &SessionId) {
        if !self.saved.bars.end(now, sid) {
            return;
        }
        self.dismiss(now, &Dismissal::SessionEnded { sid: sid.clone() });
        let word = json!({ "kind": "signed_out" });
        self.put_out(|who| who.sid == *sid, &word, Close::SessionRevoked);
        let word = json!({ "kind": "session_ended", "sid": sid });
        for conn in self.lines(|_| true) {
            self.notify(conn, &word);
        }
    }

    /// Lines of their own are told why, and closed.
    fn put_out(&mut self, these: impl Fn(&Who) -> bool, word: &Value, why: Close) {
        for conn in self.lines(|device| these(&device.line.who)) {
            self.notify(conn, word);
            self.drop_line(conn, why);
        }
    }

    /// Every place that may have a socket of theirs is told, until it confirms. Who comes later is refused by
    /// `Claim`, and who is coming just now is refused by the place.
    fn dismiss(&mut self, now: Time, dismissal: &Dismissal) {
        let mut objects = self.objects();
        if *dismissal == Dismissal::Banned
            && let Some(live) = &self.saved.live
        {
            // Their seat there goes too, though they may be away from it.
            let room = format!("room:{}", live.room);
            if !objects.contains(&room) {
                objects.push(room);
            }
        }
        for object in objects {
            let dismissal = dismissal.clone();
            self.saved.calls.add(now, Call::Dismiss { object, dismissal });
        }
    }

    /// A place confirms. What it still holds are sockets that were not meant.
    pub(super) fn dismissed(&mut self, call: CallId, holding: &[Conn], asked: Time) {
        let Some(Call::Dismiss { object, .. }) = self.saved.calls.get(call).cloned() else {
            return;
        };
        self.saved.calls.confirm(call);
        self.correct(&object, holding, asked);
    }
}
