//! Reports of members: the room adds the events that the reporter received.

use super::commands::not_a_member;
use super::{Call, Room};
use crate::id::{PlayerId, ReportId};
use crate::limits;
use crate::rpc::record::Report;
use crate::time::Time;
use crate::wire::room::{Reply, ReportBody};
use crate::wire::{Refusal, RefusalCode};
use serde_json::Value;

impl Room {
    /// Stores a report, and repeats it to the region until it is confirmed. Members are not told.
    pub(super) fn report(
        &mut self,
        now: Time,
        by: &PlayerId,
        player: PlayerId,
        body: ReportBody,
        key: &str,
    ) -> Result<Reply, Refusal> {
        let known = self.state.setup.seats.iter().any(|seat| seat.player.as_ref() == Some(&player));
        if !known || player == *by {
            return Err(not_a_member("This player is not another member of the room."));
        }
        let room = self.state.setup.id.clone();
        let id = ReportId::derive(&[room.as_str(), by.as_str(), key]);
        let reply = Reply::Report { report: id.clone() };
        if self.state.calls.any(|call| matches!(call, Call::Report { report } if report.id == id)) {
            return Ok(reply);
        }
        let pending_max = limits::REPORTS_PENDING_MAX;
        if self.state.calls.count(|call| matches!(call, Call::Report { .. })) >= pending_max {
            let message = format!("{pending_max} reports of this room are still being delivered; try again.");
            return Err(Refusal::new(RefusalCode::TooFast, message).retry_after(limits::RETRY_FIRST));
        }
        let ReportBody { reason, text } = body;
        let evidence = self.evidence(by);
        let report = Report { id, by: by.clone(), player, room: Some(room), reason, text, evidence };
        self.state.calls.add(now, Call::Report { report: Box::new(report) });
        self.pending.room = true;
        Ok(reply)
    }

    /// Returns the last events as the reporter received them. Events for another recipient are not evidence, and neither
    /// is what the reporter hides from others in a mode.
    fn evidence(&self, by: &PlayerId) -> Vec<Value> {
        let mut bytes = 0;
        let mut events: Vec<Value> = self
            .log
            .retained()
            .rev()
            .take(limits::EVIDENCE_EVENTS_MAX)
            .take_while(|entry| {
                bytes += entry.text.len() + 1;
                bytes <= limits::EVIDENCE_ROOM_BYTES_MAX
            })
            .map(|entry| entry.public_value_for(by))
            .collect();
        events.reverse();
        events
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::ConnectionInput;
    use crate::pool::Rules;
    use crate::room::seats::Seat;
    use crate::room::{Conn, Effect, Identity, Input, Role, Switches};
    use crate::rpc::Setup;

    fn at(ms: u64) -> Time {
        Time::from_ms(1_733_000_000_000 + ms)
    }

    /// A room of three, where the second member sent an event to all and a signal to the third.
    fn room() -> Room {
        let seat = |n: u32| Seat::of(format!("p_{n}").parse().unwrap(), format!("Player {n}"));
        let setup = Setup {
            mode: None,
            id: "m_1".parse().unwrap(),
            pool: None,
            owner: None,
            seats: vec![seat(1), seat(2), seat(3)],
            rules: Rules::default(),
            trace: None,
        };
        let mut room = Room::create(at(0), setup, Switches::default()).0;
        for n in 1..=3 {
            let who = Identity {
                player: format!("p_{n}").parse().unwrap(),
                sid: "s_1".parse().unwrap(),
                ep: 0,
                exp: at(600_000),
            };
            let input =
                Input::Opened { conn: Conn(n), identity: who, role: Role::Member, resume: None, name: None };
            let _ = room.handle(at(0), input);
        }
        let _ = said(&mut room, 2, r#"{"op":"say","body":"something bad"}"#);
        let _ = said(&mut room, 2, r#"{"op":"signal","to":"p_3","body":"secret"}"#);
        room
    }

    fn said(room: &mut Room, conn: u32, text: &str) -> Vec<Effect> {
        let conn = Conn(conn);
        room.handle(at(10), ConnectionInput::Text { conn, text }.into())
    }

    fn reports(effects: &[Effect]) -> Vec<&Report> {
        let report = |effect: &'_ Effect| matches!(effect, Effect::Call { .. });
        let calls = effects.iter().filter(|effect| report(effect));
        let reports = calls.filter_map(|effect| match effect {
            Effect::Call { call: Call::Report { report }, .. } => Some(&**report),
            _ => None,
        });
        reports.collect()
    }

    const REPORT: &str =
        r#"{"id":1,"op":"report","to":"p_2","key":"k","body":{"reason":"harassment","text":"rude"}}"#;

    #[test]
    fn evidence_holds_the_events_that_the_reporter_received() {
        let mut room = room();
        let effects = said(&mut room, 1, REPORT);
        let all = reports(&effects);
        assert_eq!(all.len(), 1);
        let evidence = serde_json::to_string(&all[0].evidence).unwrap();
        assert!(evidence.contains("something bad"), "{evidence}");
        assert!(!evidence.contains("secret"), "{evidence}");
        let mentions =
            |effect: &Effect| matches!(effect, Effect::Broadcast { text, .. } if text.contains("rude"));
        let heard = effects.iter().any(mentions);
        assert!(!heard, "no member is told: {effects:?}");
        assert!(reports(&said(&mut room, 1, REPORT)).is_empty(), "it is one report");
    }

    #[test]
    fn report_is_repeated_until_the_region_confirms_it() {
        let mut room = room();
        let first = said(&mut room, 1, REPORT);
        let again = room.handle(at(10_000), Input::Woke);
        assert_eq!(reports(&first), reports(&again));
        for effect in &first {
            if let Effect::Call { id, .. } = effect {
                let _ = room.handle(at(10_001), Input::Confirmed { call: *id });
            }
        }
        assert!(reports(&room.handle(at(60_000), Input::Woke)).is_empty());
    }

    #[test]
    fn report_of_a_stranger_or_of_oneself_is_refused() {
        for to in ["p_1", "p_9"] {
            let mut room = room();
            let effects = said(&mut room, 1, &REPORT.replace("p_2", to));
            assert!(reports(&effects).is_empty());
            let refused =
                |effect: &Effect| matches!(effect, Effect::Send { text, .. } if text.contains("not_found"));
            assert!(effects.iter().any(refused), "{effects:?}");
        }
    }
}
