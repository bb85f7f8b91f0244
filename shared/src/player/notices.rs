//! What the region says of a person: kept first, then told to every place that has a socket of theirs.

use super::{Call, Player};
use crate::call::CallId;
use crate::internal::Dismissal;
use crate::notice::{News, Notice};
use crate::socket::Conn;
use crate::time::Time;

impl Player {
    pub(super) fn noticed(&mut self, now: Time, notice: &Notice) {
        match &notice.news {
            News::Revoked { ep } => self.revoked(now, *ep),
            News::SessionEnded { sid } => {
                if self.saved.bars.end(now, sid) {
                    self.dismiss(now, &Dismissal::SessionEnded { sid: sid.clone() });
                }
            }
            News::Banned { until } => {
                if self.saved.bars.ban(notice.at, Some(*until)) && now < *until {
                    self.dismiss(now, &Dismissal::Banned);
                }
            }
            News::Unbanned => {
                if self.saved.bars.ban(notice.at, None) {
                    // Who has not heard of the ban yet need not.
                    self.saved.calls.withdraw(|call| {
                        let Call::Dismiss { dismissal, .. } = call;
                        *dismissal == Dismissal::Banned
                    });
                }
            }
            // Copies of a profile are not kept here.
            News::Profile { .. } | News::Circle => {}
            News::Erased => {
                self.revoked(now, u64::MAX);
                self.saved.erased.get_or_insert(now);
            }
        }
    }

    fn revoked(&mut self, now: Time, ep: u64) {
        if self.saved.bars.revoke(ep) {
            self.dismiss(now, &Dismissal::Revoked { ep });
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
            self.saved
                .calls
                .add(now, Call::Dismiss { object, dismissal });
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
