//! A player object that sends every kind of message to its me sockets, at fixed times.

use shared::connection::{Conn, ConnectionInput, Identity};
use shared::player::{Effect, Input, Player, Rows};
use shared::pool::Devices;
use shared::presence::{PresenceAt, State};
use shared::rpc::PeerRequest;
use shared::rpc::PlayerRequest;
use shared::rpc::notice::{Notice, NoticeKind};
use shared::rpc::record::Visibility;
use shared::time::Time;

const START: u64 = 1_733_000_000_000;

/// Returns every kind of message with the occasion on which it is sent.
pub fn everything() -> Vec<(String, String)> {
    let (player, effects) = Player::restore(&Rows::default(), &[], at(0)).expect("a new one");
    let mut said = heard("new", &effects);
    let mut player = player;
    let mut turn = |name: &str, ms: u64, input: Input<'_>| {
        let effects = player.handle(at(ms), input);
        said.extend(heard(name, &effects));
    };
    turn("opened", 0, opened(1, "s_1"));
    let circle = Visibility {
        player: id("p_1"),
        mutual: vec![id("p_2"), id("p_3"), id("p_4"), id("p_5")],
        hidden: false,
    };
    let circled = Input::VisibilityKnown { revision: 0, visibility: &circle };
    turn("friends", 10, circled);
    let mut effects = Vec::new();
    let states = [State::Online, State::Away, State::Reconnecting];
    for (nth, state) in (0_u64..).zip(states) {
        let of = id(&format!("p_{}", nth + 2));
        let sight = PresenceAt { state, as_of: at(20) };
        let last = false;
        let ask = PeerRequest::Publish { of, presence: sight, last };
        effects.extend(player.peer_request(at(20 + 3000 * nth), ask).1);
    }
    said.extend(heard("presence", &effects));
    let claim = PlayerRequest::Claim {
        object: "room:m_1".parse().expect("a name"),
        conn: Conn(1),
        holding: vec![],
        replaces: vec![],
        at: at(9000),
        ep: 0,
        sid: "s_2".parse().expect("an id"),
        devices: Devices::RejectNew,
    };
    let (_, effects) = player.request(at(9000), claim);
    said.extend(heard("claimed", &effects));
    let mut turn = |name: &str, ms: u64, input: Input<'_>| {
        let effects = player.handle(at(ms), input);
        said.extend(heard(name, &effects));
    };
    let say = |text: &'static str| ConnectionInput::Text { conn: Conn(1), text }.into();
    turn("devices", 9100, say(r#"{"id":1,"op":"devices"}"#));
    let background = r#"{"id":2,"op":"active","body":{"active":false}}"#;
    turn("active", 9200, say(background));
    turn("active of what", 9300, say(r#"{"id":3,"op":"active"}"#));
    turn("auth without token", 9400, say(r#"{"id":4,"op":"auth"}"#));
    turn("no such op", 9500, say(r#"{"id":5,"op":"say"}"#));
    turn("second line", 9600, opened(2, "s_2"));
    let notice = |news: NoticeKind| Notice { player: id("p_1"), at: at(9700), kind: news };
    let ended = notice(NoticeKind::SessionEnded { sid: "s_2".parse().expect("an id") });
    turn("a login ends", 9700, Input::Noticed { notice: &ended });
    let until = at(99_000);
    let banned = notice(NoticeKind::Banned { until });
    turn("banned", 9800, Input::Noticed { notice: &banned });
    said
}

fn opened(conn: u32, sid: &str) -> Input<'static> {
    let who = Identity { player: id("p_1"), sid: sid.parse().expect("an id"), ep: 0, exp: at(86_400_000) };
    let conn = Conn(conn);
    Input::Opened { conn, identity: who }
}

fn at(ms: u64) -> Time {
    Time::from_ms(START + ms)
}

fn id(text: &str) -> shared::id::PlayerId {
    text.parse().expect("an id")
}

/// Returns the messages of these effects.
fn heard(name: &str, effects: &[Effect]) -> Vec<(String, String)> {
    let text = |effect: &Effect| match effect {
        Effect::Send { conn, text } => Some(format!("{} {text}", conn.0)),
        Effect::Broadcast { text, .. } => Some(format!("all {text}")),
        Effect::Close { conn, code: why } => Some(format!("{} close {}", conn.0, why.code())),
        _ => None,
    };
    let texts = effects.iter().filter_map(text).enumerate();
    texts.map(|(nth, text)| (format!("{name} {nth}"), text)).collect()
}
