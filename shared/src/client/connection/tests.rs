//! Tests the connection: input to exact effects.

use super::*;
use crate::client::object::RoomObject;
use crate::client::outbox::Outcome;
use serde_json::Value;

type Connected = Connection<RoomObject>;

fn at(ms: u64) -> Time {
    Time::from_ms(ms)
}

fn token(name: &str, ms: u64) -> Input<'static> {
    Input::Token { token: name.into(), renew_at: at(ms) }
}

/// Names the effects: `open ?query`, `send …`, `event 7`, and so on.
fn names(effects: &[Effect<RoomObject>]) -> Vec<String> {
    let name = |effect: &Effect<RoomObject>| match effect {
        Effect::GetToken { renew } => format!("token {renew}"),
        Effect::Open { token, query } => format!("open {token} {query}"),
        Effect::CloseSocket => "close".into(),
        Effect::Send(text) => format!("send {text}"),
        Effect::Welcomed(welcome) => format!("welcome {}", welcome.at),
        Effect::Repeated(event) => event.at.map_or(String::new(), |at| format!("again {at}")),
        Effect::Event(event) => event.at.map_or("ephemeral".into(), |at| format!("event {at}")),
        Effect::Outcome(outcome) => match outcome {
            Outcome::Accepted { key, .. } => format!("accepted {key}"),
            Outcome::Durable { key, .. } => format!("durable {key}"),
            Outcome::Refused { key, .. } => format!("refused {key}"),
            Outcome::Lost { key, .. } => format!("lost {key}"),
        },
        Effect::State(state) => match state {
            ConnectionState::Connecting => "connecting".into(),
            ConnectionState::Open => "is open".into(),
            ConnectionState::Waiting { until, why, .. } => format!("waits {} {why}", until.ms()),
            ConnectionState::Stopped(stopped) => format!("stopped {} {}", stopped.code, stopped.signed_out),
        },
    };
    effects.iter().map(name).collect()
}

fn welcome(epoch: &str, head: u64, replayed: Option<u64>) -> String {
    let mut welcome = json!({
        "ev": "welcome", "epoch": epoch, "at": head, "recovered": replayed.is_some(), "replayed": replayed.unwrap_or(0),
        "durable": 0, "you": "p_ana", "now": 1, "members": [], "phase": "open",
        "heartbeat": {"every_ms": 25000, "grace_ms": 10000},
        "limits": {"frame_bytes": 16384, "per_s": 20, "burst": 40, "batch": 64},
    });
    if replayed.is_none() {
        welcome["snapshot"] = json!({"at": head, "board": {}, "events": [], "members": []});
    }
    welcome.to_string()
}

fn said(at: u64) -> Value {
    json!({"at": at, "ev": "said", "by": "p_bo", "ts": 1, "body": at})
}

/// Feeds an input, and returns the names of its effects.
fn feed(connection: &mut Connected, ms: u64, input: Input<'_>) -> Vec<String> {
    names(&connection.handle(at(ms), input))
}

fn text(connection: &mut Connected, ms: u64, message: &Value) -> Vec<String> {
    feed(connection, ms, Input::Text(&message.to_string()))
}

fn open() -> Connected {
    let mut connection = Connected::new(Options::default());
    assert_eq!(connection.wake_at(), Some(at(0)));
    assert_eq!(feed(&mut connection, 0, Input::Woke), ["connecting", "token false"]);
    assert_eq!(feed(&mut connection, 0, token("t1", 500_000)), ["open t1 "]);
    let first = feed(&mut connection, 5, Input::Text(&welcome("e1", 0, None)));
    assert_eq!(first, ["is open", "welcome 0", "send ping"]);
    connection
}

fn say(connection: &mut Connected, ms: u64, key: &str) -> Vec<String> {
    let message = Message { op: "say".into(), ..Message::default() };
    feed(connection, ms, Input::Send(vec![(key.into(), message)]))
}

#[test]
fn events_arrive_once_and_in_order_and_a_gap_reopens() {
    let mut connection = open();
    assert_eq!(text(&mut connection, 10, &json!([said(1), said(2)])), ["event 1", "event 2"]);
    assert_eq!(text(&mut connection, 10, &json!([said(2), said(1)])), ["again 2", "again 1"]);
    let hint = json!({"ev": "hint", "by": "p_bo", "body": 1});
    assert_eq!(text(&mut connection, 10, &hint), ["ephemeral"]);
    assert_eq!(text(&mut connection, 10, &json!([said(4), said(5)])), ["close", "waits 10 behind"]);
    assert_eq!(connection.wake_at(), Some(at(10)));
    assert_eq!(feed(&mut connection, 10, Input::Woke), ["connecting", "token false"]);
    assert_eq!(feed(&mut connection, 10, token("t1", 500_000)), ["open t1 ?epoch=e1&at=2"]);
    assert_eq!(
        feed(&mut connection, 20, Input::Text(&welcome("e1", 3, Some(1)))),
        ["is open", "welcome 3", "send ping"]
    );
    assert_eq!(text(&mut connection, 20, &said(3)), ["event 3"]);
}

#[test]
fn opening_without_a_welcome_in_time_is_tried_again() {
    let limit = std::time::Duration::from_secs(40);
    let mut connection = Connected::new(Options { opening_timeout: limit, ..Options::default() });
    feed(&mut connection, 0, Input::Woke);
    feed(&mut connection, 0, token("t1", 500_000));
    assert_eq!(connection.wake_at(), Some(at(40_000)));
    assert_eq!(feed(&mut connection, 39_999, Input::Woke), Vec::<String>::new());
    assert_eq!(feed(&mut connection, 40_000, Input::Woke).first().map(String::as_str), Some("close"));
}

#[test]
fn resync_reopens_from_a_snapshot() {
    let mut connection = open();
    text(&mut connection, 10, &said(1));
    assert_eq!(text(&mut connection, 10, &json!({"ev": "resync"})), ["close", "waits 10 resync"]);
    feed(&mut connection, 10, Input::Woke);
    assert_eq!(feed(&mut connection, 10, token("t1", 500_000)), ["open t1 "]);
}

#[test]
fn resync_repeats_a_move_with_a_condition() {
    let mut connection = open();
    let message = Message { op: "move".into(), if_at: Some(1), ..Message::default() };
    feed(&mut connection, 10, Input::Send(vec![("k".into(), message)]));
    text(&mut connection, 10, &json!({"ev": "resync"}));
    feed(&mut connection, 10, Input::Woke);
    feed(&mut connection, 10, token("t1", 500_000));
    let again = feed(&mut connection, 20, Input::Text(&welcome("e1", 2, None)));
    let sent = r#"send {"id":2,"key":"k","op":"move","if_at":1,"body":null}"#;
    assert_eq!(again, ["is open", "welcome 2", "send ping", sent]);
}

#[test]
fn command_is_repeated_on_the_next_socket_until_it_is_durable() {
    let mut connection = open();
    let sent = r#"send {"id":1,"key":"k","op":"say","body":null}"#;
    assert_eq!(say(&mut connection, 10, "k"), [sent]);
    let lost = feed(&mut connection, 20, Input::Closed { code: BROKEN, reason: "" });
    assert!(
        matches!(lost.as_slice(), [close, waits] if close == "close" && waits.starts_with("waits ")),
        "{lost:?}"
    );
    let due = connection.wake_at().unwrap();
    assert!(due >= at(520) && due <= at(1_020), "{due:?}");
    connection.handle(due, Input::Woke);
    connection.handle(due, token("t1", 500_000));
    let again = names(&connection.handle(due, Input::Text(&welcome("e1", 1, Some(1)))));
    assert_eq!(
        again,
        ["is open", "welcome 1", "send ping", r#"send {"id":2,"key":"k","op":"say","body":null}"#]
    );
    let ms = due.ms();
    assert_eq!(
        text(&mut connection, ms, &json!([said(1), {"id": 2, "ok": {"at": 1}}])),
        ["event 1", "accepted k"]
    );
    let durable = text(&mut connection, ms, &json!({"ev": "durable", "to": 1}));
    assert_eq!(durable, ["durable k", "ephemeral"]);
    assert_eq!(connection.pending().count(), 0);
}

#[test]
fn silence_reconnects_and_an_answered_ping_does_not() {
    let mut connection = open();
    feed(&mut connection, 30, Input::Text("pong"));
    assert_eq!(feed(&mut connection, 10_005, Input::Woke), Vec::<String>::new());
    assert_eq!(connection.wake_at(), Some(at(25_005)));
    assert_eq!(feed(&mut connection, 25_005, Input::Woke), ["send ping"]);
    let silent = feed(&mut connection, 35_005, Input::Woke);
    assert!(silent.iter().any(|name| name.ends_with(" silent")), "{silent:?}");
}

#[test]
fn newer_token_is_sent_before_the_old_one_expires() {
    let mut connection = open();
    feed(&mut connection, 30, Input::Text("pong"));
    assert!(feed(&mut connection, 500_000, Input::Woke).contains(&"token false".into()));
    assert_eq!(
        feed(&mut connection, 500_010, Input::NoToken(TokenFailure::Unavailable)),
        Vec::<String>::new()
    );
    feed(&mut connection, 500_020, Input::Text("pong"));
    assert_eq!(feed(&mut connection, 505_010, Input::Woke), ["token false"]);
    let auth = r#"send {"op":"auth","body":{"token":"t2"}}"#;
    assert_eq!(feed(&mut connection, 505_020, token("t2", 900_000)), [auth]);
}

#[test]
fn expired_token_reconnects_at_once_with_a_new_one() {
    let mut connection = open();
    let reason = r#"{"why":"token_expired"}"#;
    assert_eq!(
        feed(&mut connection, 20, Input::Closed { code: 4300, reason }),
        ["close", "waits 20 token_expired"]
    );
    assert_eq!(feed(&mut connection, 20, Input::Woke), ["connecting", "token true"]);
    let ended = Input::NoToken(TokenFailure::Ended("refresh_reused".into()));
    assert_eq!(feed(&mut connection, 30, ended), ["stopped 4302 true"]);
    assert_eq!((connection.wake_at(), feed(&mut connection, 40, Input::Woke)), (None, vec![]));
}

#[test]
fn client_that_was_taken_over_stands_by_and_yields() {
    let mut connection = open();
    feed(&mut connection, 20, Input::Closed { code: 4006, reason: r#"{"why":"taken_over"}"# });
    let due = connection.wake_at().unwrap();
    connection.handle(due, Input::Woke);
    let opening = names(&connection.handle(due, token("t1", 500_000)));
    assert_eq!(opening, ["open t1 ?epoch=e1&at=0&yield=1"]);
}

#[test]
fn refused_client_stops_and_its_commands_stay_without_an_outcome() {
    let mut connection = Connected::new(Options::default());
    say(&mut connection, 0, "k");
    feed(&mut connection, 0, Input::Woke);
    feed(&mut connection, 0, token("t1", 500_000));
    let refused = feed(&mut connection, 9, Input::Closed { code: 4005, reason: r#"{"why":"forbidden"}"# });
    assert_eq!(refused, ["close", "stopped 4005 false"]);
    assert!(connection.pending().all(|pending| !pending.sent));
}

#[test]
fn opening_without_a_welcome_fails_after_ten_seconds() {
    let mut connection = Connected::new(Options::default());
    feed(&mut connection, 0, Input::Woke);
    feed(&mut connection, 0, token("t1", 500_000));
    assert_eq!(connection.wake_at(), Some(at(10_000)));
    assert_eq!(text(&mut connection, 5, &said(1)), ["close", "waits 5 behind"]);
    assert!(feed(&mut connection, 10_000, Input::Text(&welcome("e1", 0, None))).is_empty());
}

#[test]
fn application_cuts_and_closes() {
    let mut connection = open();
    let cut = feed(&mut connection, 20, Input::Disconnect(Some(Duration::from_secs(3))));
    assert_eq!(cut, ["close", "waits 3020 dropped"]);
    assert!(feed(&mut connection, 30, Input::Disconnect(None)).is_empty());
    assert_eq!(feed(&mut connection, 40, Input::Close), ["stopped 1000 false"]);
}
