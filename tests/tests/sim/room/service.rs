//! The operator's backend in a room: it says something under a key, and repeats it as if the answer had been lost.

use crate::marks::Mark;
use crate::world::World;
use serde_json::json;
use shared::limits;
use shared::rpc::room_service::{ObjectState, RoomAction, RoomServiceAnswer, RoomServiceRequest};
use shared::time::Time;

impl World {
    /// Has the backend say something, or repeat what it said last.
    ///
    /// An accepted message is on disk. Proved by an answer whose event waited for the next flush.
    pub fn serve(&mut self) {
        if !self.wake() {
            return;
        }
        let now = Time::from_ms(self.now);
        self.latest = self.latest.max(self.now);
        let last = self.said_by_service.filter(|_| self.chance.percent(40));
        let shell = self.shell.as_mut().expect("awake");
        let (state, log, ..) = shell.room.remembered();
        // The room forgets a key after as many others.
        let is_known = |at: u64| log.head().abs_diff(at) < limits::COMMAND_KEYS_MAX as u64 / 2;
        let last = last.filter(|(at, _)| is_known(*at)).map(|(_, tag)| tag);
        let tag = last.unwrap_or_else(|| self.tag());
        let frame = json!({ "op": "say", "key": format!("s{tag}"), "body": { "n": tag } }).to_string();
        let by = "p_service-sim".parse().expect("an id");
        let action = RoomAction::Commands { frame };
        let request = RoomServiceRequest { by, reason: String::new(), action };
        let shell = self.shell.as_mut().expect("awake");
        let (answer, effects) = shell.room.serve(now, &request, &ObjectState::default());
        self.trace(|| format!("service -> {answer:?}, {effects:?}"));
        if !self.apply(effects) {
            self.marks.insert(Mark::AnswerLost);
            return;
        }
        let RoomServiceAnswer::Replies(replies) = &answer else {
            assert!(matches!(&answer, RoomServiceAnswer::Refused(refusal) if refusal.retry), "{answer:?}");
            return;
        };
        match replies[0]["ok"]["at"].as_u64() {
            Some(at) => {
                self.marks.insert(if last.is_some() { Mark::ServiceRepeated } else { Mark::ServiceSaid });
                self.said_by_service = Some((at, tag));
                self.oracle.accepted(state.epoch, tag, at, &mut self.marks);
                self.oracle.promise(state.epoch, at);
            }
            None => assert_eq!(replies[0]["err"]["code"], "room_over"),
        }
        self.perform(Vec::new());
    }
}
