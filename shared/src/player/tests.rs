//! A person's object, question by question.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::internal::{Dismissal, Displaced};
use crate::notice::{News, Notice};
use crate::socket::Conn;

fn claim(object: &str, conn: u32, holding: &[u32]) -> PlayerAsk {
    let holding = holding.iter().copied().map(Conn).collect();
    PlayerAsk::Claim {
        object: object.into(),
        conn: Conn(conn),
        holding,
        replaces: vec![],
        at: Time::default(),
        ep: 0,
        sid: "s_1".parse().unwrap(),
        devices: Devices::RejectNew,
    }
}

fn room(n: u32) -> RoomId {
    format!("m_{n}").parse().unwrap()
}

fn busy(n: u32, until: Option<u64>) -> PlayerAnswer {
    PlayerAnswer::Busy { room: room(n), until: until.map(Time::from_ms) }
}

const FREE: PlayerAnswer = PlayerAnswer::Granted { live: None };

fn check(asks: Vec<(u64, PlayerAsk, PlayerAnswer)>) {
    let mut player = Player::default();
    for (ms, ask, expected) in asks {
        assert_eq!(player.answer(Time::from_ms(ms), ask.clone()).0, expected, "{ask:?}");
    }
}

fn full(at: &[&str]) -> PlayerAnswer {
    PlayerAnswer::Full { at: at.iter().map(|&at| at.to_owned()).collect(), out: vec![] }
}

#[test]
fn a_third_connection_is_one_too_many() {
    check(vec![
        (0, claim("a", 1, &[]), FREE),
        (0, claim("b", 1, &[]), FREE),
        (0, claim("c", 1, &[]), full(&["a", "b"])),
        (0, PlayerAsk::Release { object: "a".into(), conn: Conn(1) }, FREE),
        (0, claim("c", 1, &[]), FREE),
    ]);
}

#[test]
fn an_object_that_lost_its_sockets_gives_their_leases_back() {
    check(vec![
        (0, claim("a", 1, &[]), FREE),
        (0, claim("a", 2, &[]), FREE),
        (0, claim("a", 3, &[2]), FREE),
        (0, claim("b", 1, &[]), full(&["a", "a"])),
        (0, PlayerAsk::Correct { object: "a".into(), holding: vec![], asked: Time::from_ms(1) }, FREE),
        (0, claim("b", 1, &[]), FREE),
    ]);
}

#[test]
fn nobody_is_in_two_matches() {
    let ms = crate::time::ms(caps::RESERVATION);
    let live = || PlayerAnswer::Granted { live: Some(room(2)) };
    check(vec![
        (0, PlayerAsk::Reserve { room: room(1) }, FREE),
        (0, PlayerAsk::Reserve { room: room(2) }, busy(1, Some(ms))),
        (ms, PlayerAsk::Reserve { room: room(2) }, FREE),
        (ms, PlayerAsk::Commit { room: room(2), lobby: "l".into() }, live()),
        (9 * ms, PlayerAsk::Commit { room: room(1), lobby: "l".into() }, busy(2, None)),
        (9 * ms, PlayerAsk::Reserve { room: room(2) }, live()),
        (99 * ms, PlayerAsk::Free { room: room(1) }, live()),
        (99 * ms, PlayerAsk::Free { room: room(2) }, FREE),
    ]);
}

#[test]
fn a_match_that_let_go_takes_nobody_back() {
    let commit = || PlayerAsk::Commit { room: room(1), lobby: "l".into() };
    check(vec![
        (0, PlayerAsk::Free { room: room(1) }, FREE),
        (0, PlayerAsk::Reserve { room: room(1) }, busy(1, None)),
        (0, commit(), busy(1, None)),
        (0, PlayerAsk::Live, FREE),
    ]);
}

#[test]
fn a_match_that_is_made_lets_go_of_the_lobby() {
    check(vec![
        (0, claim("lobby", 1, &[]), FREE),
        (0, claim("lobby", 2, &[1]), FREE),
        (
            0,
            PlayerAsk::Commit { room: room(1), lobby: "lobby".into() },
            PlayerAnswer::Granted { live: Some(room(1)) },
        ),
        (0, claim("room", 1, &[]), PlayerAnswer::Granted { live: Some(room(1)) }),
    ]);
}

/// The same socket, where such a policy holds.
fn claim_where(devices: Devices, object: &str, conn: u32) -> PlayerAsk {
    PlayerAsk::Claim {
        object: object.into(),
        conn: Conn(conn),
        holding: vec![],
        replaces: vec![],
        at: Time::default(),
        ep: 0,
        sid: "s_1".parse().unwrap(),
        devices,
    }
}

fn out(all: &[(&str, Dismissal)], at: &[&str]) -> PlayerAnswer {
    let displaced = |(object, dismissal): &(&str, Dismissal)| Displaced {
        object: (*object).to_owned(),
        dismissal: dismissal.clone(),
    };
    PlayerAnswer::Full {
        at: at.iter().map(|&at| at.to_owned()).collect(),
        out: all.iter().map(displaced).collect(),
    }
}

#[test]
fn where_the_oldest_goes_it_goes_before_the_new_one_comes() {
    let oldest = Dismissal::OneTooMany { conn: Conn(1) };
    let claim_c = || claim_where(Devices::KickOldest, "c", 1);
    let gone = || PlayerAsk::Correct { object: "a".into(), holding: vec![], asked: Time::from_ms(2) };
    check(vec![
        (0, claim("a", 1, &[]), FREE),
        (1, claim("b", 1, &[]), FREE),
        (2, claim_c(), out(&[("a", oldest)], &["a", "b"])),
        (2, gone(), FREE),
        (2, claim_c(), FREE),
        (2, claim("d", 1, &[]), full(&["b", "c"])),
    ]);
}

#[test]
fn where_the_newest_takes_over_all_others_go() {
    let over = || Dismissal::TakenOver { conn: Conn(1) };
    check(vec![
        (0, claim("a", 1, &[]), FREE),
        (1, claim_where(Devices::TakeOver, "b", 1), out(&[("a", over())], &["a"])),
    ]);
}

fn noticed(player: &mut Player, ms: u64, news: News) -> Vec<Effect> {
    let at = Time::from_ms(ms);
    let player_id = "p_1".parse().unwrap();
    let notice = Notice { player: player_id, at, news };
    player.handle(at, Input::Noticed { notice: &notice })
}

fn dismissals(effects: &[Effect]) -> Vec<(&str, &Dismissal)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Dismiss { object, dismissal, .. } => Some((object.as_str(), dismissal)),
            _ => None,
        })
        .collect()
}

#[test]
fn every_place_is_told_until_it_confirms_and_then_never() {
    let mut player = Player::default();
    let _ = player.ask(Time::from_ms(0), claim("a", 1, &[]));
    let _ = player.ask(Time::from_ms(0), claim("b", 1, &[]));
    let told = noticed(&mut player, 1, News::Revoked { ep: 1 });
    let revoked = Dismissal::Revoked { ep: 1 };
    assert_eq!(dismissals(&told), [("a", &revoked), ("b", &revoked)]);
    assert!(matches!(told.first(), Some(Effect::Save(_))));
    assert!(noticed(&mut player, 2, News::Revoked { ep: 1 }).is_empty());

    let again = player.handle(Time::from_ms(3000), Input::Woke);
    assert_eq!(dismissals(&again).len(), 2);
    for effect in &told {
        if let Effect::Dismiss { call, .. } = effect {
            let (holding, asked) = (vec![], Time::from_ms(3000));
            let _ = player.handle(Time::from_ms(3001), Input::Dismissed { call: *call, holding, asked });
        }
    }
    assert_eq!(player.wake_at(Time::from_ms(3001)), None);
    assert_eq!(player.handle(Time::from_ms(99_000), Input::Woke), []);
}

#[test]
fn who_was_revoked_or_banned_does_not_come_back() {
    let mut player = Player::default();
    let _ = noticed(&mut player, 1, News::Revoked { ep: 1 });
    let barred = |why| PlayerAnswer::Barred { why };
    let ask = |player: &mut Player, ms| player.ask(Time::from_ms(ms), claim("a", 1, &[])).0;
    assert_eq!(ask(&mut player, 2), barred(Bar::Revoked));
    let until = Time::from_ms(50);
    let _ = noticed(&mut player, 3, News::Banned { until });
    assert_eq!(ask(&mut player, 4), barred(Bar::Banned));
    let reserve = PlayerAsk::Reserve { room: room(1) };
    assert_eq!(player.ask(Time::from_ms(4), reserve).0, barred(Bar::Banned));
    let _ = noticed(&mut player, 5, News::Unbanned);
    assert_eq!(ask(&mut player, 6), barred(Bar::Revoked));
}

#[test]
fn a_ban_that_is_lifted_is_told_to_nobody_any_more() {
    let mut player = Player::default();
    let _ = player.ask(Time::from_ms(0), claim("a", 1, &[]));
    let until = Time::from_ms(50_000);
    let _ = noticed(&mut player, 1, News::Banned { until });
    let _ = noticed(&mut player, 2, News::Unbanned);
    assert_eq!(player.handle(Time::from_ms(9000), Input::Woke), []);
}

#[test]
fn who_is_gone_for_good_is_forgotten_when_no_token_is_left() {
    let mut player = Player::default();
    let _ = noticed(&mut player, 1, News::Erased);
    let life = crate::time::ms(caps::TOKEN + caps::SKEW);
    assert_eq!(player.wake_at(Time::from_ms(1)), Some(Time::from_ms(1 + life)));
    let effects = player.handle(Time::from_ms(1 + life), Input::Woke);
    assert_eq!(effects, [Effect::Erase]);
}
