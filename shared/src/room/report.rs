//! What a member tells moderators of another: the room adds what it saw itself.

use super::{Call, Room};
use crate::caps;
use crate::id::{PlayerId, ReportId};
use crate::protocol::{Code, Fault};
use crate::record::{Report, Wrong};
use crate::time::Time;
use serde_json::{Value, json};

impl Room {
    /// Notes a report; it is told to the region until it confirms. Nobody in the room hears of it.
    pub(super) fn report(
        &mut self,
        now: Time,
        by: &PlayerId,
        player: PlayerId,
        (reason, text): (Wrong, String),
        key: &str,
    ) -> Result<Value, Fault> {
        let seats = &self.saved.setup.seats;
        let known = seats.iter().any(|seat| seat.player.as_ref() == Some(&player));
        if !known || player == *by {
            return Err(Fault {
                field: Some("to".into()),
                ..Fault::new(Code::NotFound, "no such other member here")
            });
        }
        let room = self.saved.setup.id.clone();
        let id = ReportId::derive(&[room.as_str(), by.as_str(), key]);
        let answer = json!({ "report": id });
        let open = |id: &ReportId, call: &Call| matches!(call, Call::Report { report } if report.id == *id);
        if self.saved.calls.any(|call| open(&id, call)) {
            return Ok(answer);
        }
        let all = |call: &Call| matches!(call, Call::Report { .. });
        if self.saved.calls.count(all) >= caps::REPORTS_OPEN {
            let most = caps::REPORTS_OPEN;
            let words = format!("{most} reports from here are on their way; say it again soon");
            return Err(Fault::new(Code::TooFast, words).retry_after(caps::RETRY));
        }
        let report = Report {
            id,
            by: by.clone(),
            player,
            room: Some(room),
            reason,
            text,
            evidence: self.evidence(by),
        };
        self.saved.calls.add(now, Call::Report { report: Box::new(report) });
        self.turn.room = true;
        Ok(answer)
    }

    /// The last events as the reporter has them: what was for others is not theirs to show.
    fn evidence(&self, by: &PlayerId) -> Vec<Value> {
        let mut bytes = 0;
        let mut events: Vec<Value> = self
            .log
            .kept()
            .rev()
            .map(|entry| entry.seen_by(by))
            .take(caps::EVIDENCE_EVENTS)
            .take_while(|text| {
                bytes += text.len() + 1;
                bytes <= caps::EVIDENCE_ROOM_BYTES
            })
            .filter_map(|text| serde_json::from_str(&text).ok())
            .collect();
        events.reverse();
        events
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::room::seat::Seat;
    use crate::room::{Conn, Effect, Input, Role, Rules, Setup, Who};

    fn at(ms: u64) -> Time {
        Time::from_ms(1_733_000_000_000 + ms)
    }

    /// A room of three, where the first has said something and the second has sent the third something.
    fn room() -> Room {
        let seat = |n: u32| Seat::of(format!("p_{n}").parse().unwrap(), format!("Player {n}"));
        let setup = Setup {
            id: "m_1".parse().unwrap(),
            pool: None,
            owner: None,
            seats: vec![seat(1), seat(2), seat(3)],
            rules: Rules::default(),
        };
        let mut room = Room::create(at(0), setup, false).0;
        for n in 1..=3 {
            let who = Who {
                player: format!("p_{n}").parse().unwrap(),
                sid: "s_1".parse().unwrap(),
                ep: 0,
                exp: at(600_000),
            };
            let input = Input::Opened { conn: Conn(n), who, role: Role::Member, resume: None };
            let _ = room.handle(at(0), input);
        }
        let _ = said(&mut room, 2, r#"{"op":"say","body":"something bad"}"#);
        let _ = said(&mut room, 2, r#"{"op":"signal","to":"p_3","body":"secret"}"#);
        room
    }

    fn said(room: &mut Room, conn: u32, text: &str) -> Vec<Effect> {
        let conn = Conn(conn);
        room.handle(at(10), Input::Said { conn, text })
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
    fn the_room_adds_what_the_reporter_saw() {
        let mut room = room();
        let effects = said(&mut room, 1, REPORT);
        let all = reports(&effects);
        assert_eq!(all.len(), 1);
        let evidence = serde_json::to_string(&all[0].evidence).unwrap();
        assert!(evidence.contains("something bad"), "{evidence}");
        assert!(!evidence.contains("secret"), "{evidence}");
        let of_it = |effect: &Effect| matches!(effect, Effect::Tell { text, .. } if text.contains("rude"));
        let heard = effects.iter().any(of_it);
        assert!(!heard, "nobody hears of it: {effects:?}");
        assert!(reports(&said(&mut room, 1, REPORT)).is_empty(), "it is one report");
    }

    #[test]
    fn it_is_told_until_the_region_confirms_it() {
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
    fn who_is_not_here_cannot_be_reported_here() {
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
