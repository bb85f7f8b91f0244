//! Notices of the region: stored first, then sent to each host that has a socket of the player.

use super::inbox::Inbox;
use super::presence::visibility::VisibleTo;
use super::{Call, Player};
use crate::connection::{Conn, Endpoint, Identity};
use crate::delivery::pending_calls::CallId;
use crate::id::SessionId;
use crate::metrics::Measure;
use crate::rpc::{ForcedClose, Notice, NoticeKind, ObjectName};
use crate::time::Time;
use crate::wire::CloseCode;
use crate::wire::me::Notice as MeNotice;

impl Player {
    pub(super) fn noticed(&mut self, now: Time, notice: &Notice) {
        match &notice.kind {
            NoticeKind::Revoked { ep } => self.revoked(now, *ep),
            NoticeKind::SessionEnded { sid } => self.session_ended(now, sid),
            NoticeKind::Banned { until } => {
                if self.durable.restrictions.set_ban(notice.at, Some(*until)) && now < *until {
                    self.force_close(now, &ForcedClose::Banned);
                    let body = MeNotice::Banned { until: *until };
                    let had_sockets = !self.sockets.is_empty();
                    self.notify_and_close(now, |_| true, &body, CloseCode::Banned);
                    if had_sockets {
                        self.measure_ban(now);
                    }
                }
            }
            NoticeKind::Unbanned => {
                if self.durable.restrictions.set_ban(notice.at, None) {
                    // Hosts that have not received the ban no longer need it.
                    self.durable.calls.cancel(
                        |call| matches!(call, Call::ForceClose { close, .. } if *close == ForcedClose::Banned),
                    );
                }
            }
            // The player object caches no profiles.
            NoticeKind::Profile { .. } => {}
            NoticeKind::Visibility => self.invalidate_visibility(),
            NoticeKind::Erased => {
                self.revoked(now, u64::MAX);
                self.durable.erased_at.get_or_insert(now);
                self.durable.current_match = None;
                self.durable.inbox = Inbox::default();
                self.set_visibility(now, VisibleTo::default());
            }
        }
    }

    fn revoked(&mut self, now: Time, ep: u64) {
        if self.durable.restrictions.revoke(ep) {
            self.force_close(now, &ForcedClose::Revoked { ep });
            let body = MeNotice::SignedOut;
            self.notify_and_close(now, |identity| identity.ep < ep, &body, CloseCode::SessionRevoked);
        }
    }

    fn session_ended(&mut self, now: Time, sid: &SessionId) {
        if !self.durable.restrictions.end_session(now, sid) {
            return;
        }
        self.force_close(now, &ForcedClose::SessionEnded { sid: sid.clone() });
        let body = MeNotice::SignedOut;
        self.notify_and_close(now, |identity| identity.sid == *sid, &body, CloseCode::SessionRevoked);
        let body = MeNotice::SessionEnded { sid: sid.clone() };
        for conn in self.sockets_where(|_| true) {
            self.notify(conn, body.clone());
        }
    }

    /// Sends the reason to the me sockets of matching identities, and closes them.
    fn notify_and_close(
        &mut self,
        now: Time,
        matches: impl Fn(&Identity) -> bool,
        body: &MeNotice,
        why: CloseCode,
    ) {
        for conn in self.sockets_where(|socket| matches(&socket.guard.identity)) {
            self.notify(conn, body.clone());
            self.close(now, conn, why);
        }
    }

    /// Calls each host that may have a socket of the player until it confirms. A later socket is denied by
    /// `Claim`, and one that is just opening is closed by its host.
    fn force_close(&mut self, now: Time, close: &ForcedClose) {
        let mut objects = self.objects();
        if *close == ForcedClose::Banned
            && let Some(current) = &self.durable.current_match
        {
            // The player's seat is vacated too, even while the player is disconnected from the room.
            let room = ObjectName::Room(current.room.clone());
            if !objects.contains(&room) {
                objects.push(room);
            }
        }
        for object in objects {
            let close = close.clone();
            self.durable.calls.add(now, Call::ForceClose { object, close });
        }
    }

    /// Handles a host's confirmation. The sockets that it still holds were not concerned.
    pub(super) fn forced_close_confirmed(&mut self, now: Time, call: CallId, holding: &[Conn], asked: Time) {
        let Some(Call::ForceClose { object, close }) = self.durable.calls.get(call).cloned() else {
            return;
        };
        if let Some(since) = self.durable.calls.confirm(call) {
            self.observed.measure_since(Measure::OutboxAge, since, now);
        }
        self.correct(&object, holding, asked);
        if close == ForcedClose::Banned {
            self.measure_ban(now);
        }
    }

    /// Measures how long a ban took, once every host has closed the player's sockets.
    fn measure_ban(&mut self, now: Time) {
        let is_banned =
            |call: &Call| matches!(call, Call::ForceClose { close, .. } if *close == ForcedClose::Banned);
        if !self.durable.calls.any(is_banned) {
            let decided = self.durable.restrictions.banned_at().unwrap_or_default();
            self.observed.measure_since(Measure::BanClose, decided, now);
        }
    }
}
