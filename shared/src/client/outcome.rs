//! The outcome of a command whose reply was lost, as the room and its close code show it.

use super::close_policy::Stopped;
use super::outbox::Pending;
use super::room_view::RoomView;
use crate::wire::{CloseCode, EndReason, Refusal, RefusalCode};
use serde_json::{Value, json};

/// Returns the result or the refusal of a command to a room whose connection is closed for good; none if it is unknown.
#[must_use]
pub fn lost_outcome(
    pending: Pending<'_>,
    stopped: &Stopped,
    view: &RoomView,
) -> Option<Result<Value, Refusal>> {
    let is_code = |codes: &[CloseCode]| codes.iter().any(|close| close.code() == stopped.code);
    match pending.message.op.as_str() {
        // The player has no seat: after `leave` the room does not admit the player again. Or no seat is left.
        "leave" => {
            let left = pending.sent && is_code(&[CloseCode::Bye, CloseCode::Forbidden]);
            let is_gone = is_code(&[CloseCode::RoomOver, CloseCode::NotFound]);
            (left || is_gone).then(|| Ok(json!({})))
        }
        "end" => {
            let ended = view.ended.as_ref()?;
            let is_mine = ended.by.is_some() && ended.by == view.you;
            let is_agreed = ended.reason == EndReason::Agreed && ended.result == pending.message.body.value();
            Some(if pending.sent && (is_mine || is_agreed) { Ok(json!({})) } else { Err(room_over()) })
        }
        _ => None,
    }
}

fn room_over() -> Refusal {
    Refusal::new(RefusalCode::RoomOver, "the room has ended already")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::Message;
    use crate::wire::room::Ended;

    fn outcome(op: &str, sent: bool, code: u16, ended_by: Option<&str>) -> Option<Result<Value, Refusal>> {
        let message = Message { op: op.into(), ..Message::default() };
        let pending = Pending { key: "k", message: &message, sent, answered: false };
        let ended = |by: &str| Ended {
            by: Some(by.parse().unwrap()),
            reason: EndReason::Ended,
            result: Value::Null,
            outcome: None,
        };
        let you = Some("p_ana".parse().unwrap());
        let view = RoomView { you, ended: ended_by.map(ended), ..RoomView::default() };
        lost_outcome(pending, &Stopped { code, why: String::new(), signed_out: false }, &view)
    }

    #[test]
    fn player_who_is_not_admitted_again_has_left() {
        assert!(matches!(outcome("leave", true, 4005, None), Some(Ok(_))));
        assert!(matches!(outcome("leave", false, 4011, None), Some(Ok(_))));
        assert_eq!(outcome("leave", false, 4005, None), None);
    }

    #[test]
    fn end_is_known_from_the_event() {
        assert!(matches!(outcome("end", true, 4007, Some("p_ana")), Some(Ok(_))));
        assert!(matches!(outcome("end", true, 4007, Some("p_bo")), Some(Err(_))));
        assert_eq!(outcome("end", true, 4007, None), None);
        assert_eq!(outcome("say", true, 4007, Some("p_ana")), None);
    }
}
