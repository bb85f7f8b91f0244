//! A player's object that says everything a line of one's own can hear, at times that are always the same.

use shared::internal::PlayerAsk;
use shared::notice::{News, Notice};
use shared::player::{Devices, Disk, Effect, Input, Player};
use shared::presence::{PeerAsk, Sight, State};
use shared::record::Circle;
use shared::socket::{Conn, Who};
use shared::time::Time;

const START: u64 = 1_733_000_000_000;

/// Every kind of message, by the occasion.
pub fn everything() -> Vec<(String, String)> {
    let (player, effects) = Player::restore(&Disk::default(), &[], at(0)).expect("a new one");
    let mut said = heard("new", &effects);
    let mut player = player;
    let mut turn = |name: &str, ms: u64, input: Input<'_>| {
        let effects = player.handle(at(ms), input);
        said.extend(heard(name, &effects));
    };
    turn("opened", 0, opened(1, "s_1"));
    let circle =
        Circle { player: id("p_1"), mutual: vec![id("p_2"), id("p_3"), id("p_4"), id("p_5")], hidden: false };
    let circled = Input::Circled { turn: 0, circle: &circle };
    turn("friends", 10, circled);
    let mut effects = Vec::new();
    let states = [State::Online, State::Away, State::Reconnecting];
    for (nth, state) in (0_u64..).zip(states) {
        let of = id(&format!("p_{}", nth + 2));
        let sight = Sight { state, as_of: at(20) };
        let last = false;
        let ask = PeerAsk::Show { of, sight, last };
        effects.extend(player.peer(at(20 + 3000 * nth), ask).1);
    }
    said.extend(heard("presence", &effects));
    let claim = PlayerAsk::Claim {
        object: "room:m_1".into(),
        conn: Conn(1),
        holding: vec![],
        replaces: vec![],
        at: at(9000),
        ep: 0,
        sid: "s_2".parse().expect("an id"),
        devices: Devices::RejectNew,
    };
    let (_, effects) = player.ask(at(9000), claim);
    said.extend(heard("claimed", &effects));
    let mut turn = |name: &str, ms: u64, input: Input<'_>| {
        let effects = player.handle(at(ms), input);
        said.extend(heard(name, &effects));
    };
    let say = |text: &'static str| Input::Said { conn: Conn(1), text };
    turn("devices", 9100, say(r#"{"id":1,"op":"devices"}"#));
    let background = r#"{"id":2,"op":"active","body":{"active":false}}"#;
    turn("active", 9200, say(background));
    turn("active of what", 9300, say(r#"{"id":3,"op":"active"}"#));
    turn("auth without token", 9400, say(r#"{"id":4,"op":"auth"}"#));
    turn("no such op", 9500, say(r#"{"id":5,"op":"say"}"#));
    turn("second line", 9600, opened(2, "s_2"));
    let notice = |news: News| Notice { player: id("p_1"), at: at(9700), news };
    let ended = notice(News::SessionEnded { sid: "s_2".parse().expect("an id") });
    turn("a login ends", 9700, Input::Noticed { notice: &ended });
    let until = at(99_000);
    let banned = notice(News::Banned { until });
    turn("banned", 9800, Input::Noticed { notice: &banned });
    said
}

fn opened(conn: u32, sid: &str) -> Input<'static> {
    let who = Who { player: id("p_1"), sid: sid.parse().expect("an id"), ep: 0, exp: at(86_400_000) };
    let conn = Conn(conn);
    Input::Opened { conn, who }
}

fn at(ms: u64) -> Time {
    Time::from_ms(START + ms)
}

fn id(text: &str) -> shared::id::PlayerId {
    text.parse().expect("an id")
}

/// What the lines hear of these effects.
fn heard(name: &str, effects: &[Effect]) -> Vec<(String, String)> {
    let text = |effect: &Effect| match effect {
        Effect::Send { conn, text } => Some(format!("{} {text}", conn.0)),
        Effect::Tell { text, .. } => Some(format!("all {text}")),
        Effect::Close { conn, why } => Some(format!("{} close {}", conn.0, why.code())),
        _ => None,
    };
    let texts = effects.iter().filter_map(text).enumerate();
    texts.map(|(nth, text)| (format!("{name} {nth}"), text)).collect()
}
