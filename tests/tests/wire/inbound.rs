//! Tests the inbound path of rooms, lobbies and me sockets: all three treat frames and tokens alike.

use shared::connection::{Conn, ConnectionInput, Identity};
use shared::lobby::{self, Lobby};
use shared::player::{self, Player};
use shared::pool::{self, Rules, Shard};
use shared::room::seats::Seat;
use shared::room::{self, Role, Room, Switches};
use shared::rpc::Setup;
use shared::time::Time;
use shared::wire::CloseCode;

const START: u64 = 1_733_000_000_000;
const CONN: Conn = Conn(1);

/// An effect of an object on its only socket.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Out {
    Text(String),
    Close(CloseCode),
    Verify(String),
}

/// An object with one open socket, whose token expires after ten minutes.
type Object = Box<dyn FnMut(u64, ConnectionInput<'_>) -> Vec<Out>>;

fn at(ms: u64) -> Time {
    Time::from_ms(START + ms)
}

fn identity(exp_ms: u64) -> Identity {
    let player = "p_1".parse().expect("an id");
    Identity { player, sid: "s_1".parse().expect("an id"), ep: 0, exp: at(exp_ms) }
}

fn room() -> Object {
    let setup = Setup {
        mode: None,
        id: "m_1".parse().expect("an id"),
        pool: None,
        owner: None,
        seats: vec![Seat::of("p_1".parse().expect("an id"), "Ana".into())],
        rules: Rules::default(),
        trace: None,
    };
    let (mut room, effects) = Room::create(at(0), setup, Switches::default());
    drop(effects);
    let (conn, identity, role) = (CONN, identity(600_000), Role::Member);
    drop(room.handle(at(0), room::Input::Opened { conn, identity, role, resume: None, name: None }));
    Box::new(move |ms, input| {
        let out = |effect| match effect {
            room::Effect::Send { text, .. } => Some(Out::Text(text.to_string())),
            room::Effect::Close { code, .. } => Some(Out::Close(code)),
            room::Effect::Verify { token, .. } => Some(Out::Verify(token)),
            _ => None,
        };
        room.handle(at(ms), input.into()).into_iter().filter_map(out).collect()
    })
}

fn lobby() -> Object {
    let pool = serde_json::from_str(r#"{"seats":2}"#).expect("JSON");
    let pool = pool::read_one("duel", pool).expect("a pool");
    let name = "duel".parse().expect("a name");
    let restored = Lobby::restore(name, Shard::Child(0), &pool, &lobby::Disk::default(), &[], at(0));
    let (mut lobby, effects) = restored.expect("a new lobby");
    drop(effects);
    let (conn, identity) = (CONN, identity(600_000));
    drop(lobby.handle(
        at(0),
        lobby::Input::Opened { conn, identity, current_match: None, address: 0, trace: None },
    ));
    Box::new(move |ms, input| {
        let out = |effect| match effect {
            lobby::Effect::Send { text, .. } => Some(Out::Text(text.to_string())),
            lobby::Effect::Close { code, .. } => Some(Out::Close(code)),
            lobby::Effect::Verify { token, .. } => Some(Out::Verify(token)),
            _ => None,
        };
        lobby.handle(at(ms), input.into()).into_iter().filter_map(out).collect()
    })
}

fn me() -> Object {
    let (mut player, effects) = Player::restore(&player::Rows::default(), &[], at(0)).expect("a new object");
    drop(effects);
    drop(player.handle(at(0), player::Input::Opened { conn: CONN, identity: identity(600_000) }));
    Box::new(move |ms, input| {
        let out = |effect| match effect {
            player::Effect::Send { text, .. } => Some(Out::Text(text.to_string())),
            player::Effect::Close { code, .. } => Some(Out::Close(code)),
            player::Effect::Verify { token, .. } => Some(Out::Verify(token)),
            _ => None,
        };
        player.handle(at(ms), input.into()).into_iter().filter_map(out).collect()
    })
}

fn objects() -> [(&'static str, Object); 3] {
    [("room", room()), ("lobby", lobby()), ("me", me())]
}

fn text(text: &str) -> ConnectionInput<'_> {
    ConnectionInput::Text { conn: CONN, text }
}

fn renewed(verdict: Result<Identity, String>) -> ConnectionInput<'static> {
    ConnectionInput::Renewed { conn: CONN, id: Some(7.into()), verdict }
}

#[test]
fn empty_frames_count_for_the_rate_limit() {
    for (name, mut object) in objects() {
        let closed = (1..=2000).find(|_| object(1, text("[]")).contains(&Out::Close(CloseCode::TooFast)));
        assert_eq!(closed, Some(441), "{name}");
        assert_eq!(object(1, text("[]")), [], "{name}: late frames are ignored");
    }
}

#[test]
fn three_unreadable_frames_in_a_row_close_the_socket() {
    for (name, mut object) in objects() {
        for input in [text("{"), ConnectionInput::Binary { conn: CONN, bytes: 1 }, text(r#"{"op":"dance"}"#)]
        {
            assert!(!object(1, input).contains(&Out::Close(CloseCode::Protocol)), "{name}");
        }
        assert_eq!(object(2, text("{")).len(), 1, "{name}: a readable message resets the count");
        assert_eq!(object(2, text("7")).len(), 1, "{name}");
        let closed = object(2, text("{"));
        assert_eq!(closed.last(), Some(&Out::Close(CloseCode::Protocol)), "{name}");
    }
}

#[test]
fn closed_socket_stops_the_rest_of_its_frame() {
    for (name, mut object) in objects() {
        let refused = object(1, text("[7,7,7,7,7]"));
        assert_eq!(refused.len(), 4, "{name}: three refusals and the close: {refused:?}");
        assert_eq!(refused.last(), Some(&Out::Close(CloseCode::Protocol)), "{name}");
    }
}

#[test]
fn too_large_frame_closes_the_socket() {
    for (name, mut object) in objects() {
        let large = format!("[{}]", " ".repeat(16 * 1024));
        assert_eq!(object(1, text(&large)), [Out::Close(CloseCode::TooBig)], "{name}");
    }
}

#[test]
fn socket_closes_when_its_token_expires() {
    for (name, mut object) in objects() {
        assert_eq!(object(600_000, text("[]")), [Out::Close(CloseCode::TokenExpired)], "{name}");
    }
}

#[test]
fn newer_token_outlives_the_first() {
    for (name, mut object) in objects() {
        let asked = object(1, text(r#"{"id":7,"op":"auth","body":{"token":"t"}}"#));
        assert_eq!(asked, [Out::Verify("t".into())], "{name}");
        let other = Identity { sid: "s_2".parse().expect("an id"), ..identity(900_000) };
        for refused in [Err("invalid".to_owned()), Ok(other)] {
            let answer = object(2, renewed(refused));
            assert!(
                matches!(answer.as_slice(), [Out::Text(text)] if text.contains("bad_token")),
                "{name}: {answer:?}"
            );
        }
        let renewed = object(3, renewed(Ok(identity(900_000))));
        assert_eq!(renewed, [Out::Text(r#"{"id":7,"ok":{}}"#.into())], "{name}");
        assert_eq!(object(700_000, text("[]")), [], "{name}: the socket stays open");
        assert_eq!(object(900_000, text("[]")), [Out::Close(CloseCode::TokenExpired)], "{name}");
    }
}
