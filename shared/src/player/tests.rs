//! Tests a player object, request by request.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::connection::Conn;
use crate::id::RoomId;
use crate::pool::Devices;
use crate::rpc::record::Visibility;
use crate::rpc::{Evictee, ForcedClose, Notice, NoticeKind, ObjectName};

fn name(text: &str) -> ObjectName {
    text.parse().unwrap()
}

fn claim(object: &str, conn: u32, holding: &[u32]) -> PlayerRequest {
    let holding = holding.iter().copied().map(Conn).collect();
    PlayerRequest::Claim {
        object: name(object),
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

fn busy(n: u32, until: Option<u64>) -> PlayerResponse {
    PlayerResponse::Busy { room: room(n), until: until.map(Time::from_ms) }
}

const FREE: PlayerResponse = PlayerResponse::Granted { current_match: None };

fn check(asks: Vec<(u64, PlayerRequest, PlayerResponse)>) {
    let mut player = Player::default();
    for (ms, ask, expected) in asks {
        assert_eq!(player.respond(Time::from_ms(ms), ask.clone()).0, expected, "{ask:?}");
    }
}

fn full(at: &[&str]) -> PlayerResponse {
    PlayerResponse::Full { objects: at.iter().map(|&at| name(at)).collect(), evict: vec![] }
}

#[test]
fn third_connection_exceeds_the_limit() {
    check(vec![
        (0, claim("room:m_a", 1, &[]), FREE),
        (0, claim("room:m_b", 1, &[]), FREE),
        (0, claim("room:m_c", 1, &[]), full(&["room:m_a", "room:m_b"])),
        (0, PlayerRequest::Release { object: name("room:m_a"), conn: Conn(1) }, FREE),
        (0, claim("room:m_c", 1, &[]), FREE),
    ]);
}

#[test]
fn leases_of_lost_sockets_are_corrected() {
    check(vec![
        (0, claim("room:m_a", 1, &[]), FREE),
        (0, claim("room:m_a", 2, &[]), FREE),
        (0, claim("room:m_a", 3, &[2]), FREE),
        (0, claim("room:m_b", 1, &[]), full(&["room:m_a", "room:m_a"])),
        (
            0,
            PlayerRequest::Correct { object: name("room:m_a"), holding: vec![], asked: Time::from_ms(1) },
            FREE,
        ),
        (0, claim("room:m_b", 1, &[]), FREE),
    ]);
}

#[test]
fn player_is_in_one_match_at_most() {
    let ms = crate::time::ms(limits::RESERVATION_TTL);
    let live = || PlayerResponse::Granted { current_match: Some(room(2)) };
    check(vec![
        (0, PlayerRequest::Reserve { room: room(1) }, FREE),
        (0, PlayerRequest::Reserve { room: room(2) }, busy(1, Some(ms))),
        (ms, PlayerRequest::Reserve { room: room(2) }, FREE),
        (ms, PlayerRequest::Commit { room: room(2), lobby: name("lobby:p:0") }, live()),
        (9 * ms, PlayerRequest::Commit { room: room(1), lobby: name("lobby:p:0") }, busy(2, None)),
        (9 * ms, PlayerRequest::Reserve { room: room(2) }, live()),
        (99 * ms, PlayerRequest::Free { room: room(1) }, live()),
        (99 * ms, PlayerRequest::Free { room: room(2) }, FREE),
    ]);
}

#[test]
fn released_match_cannot_take_the_player_back() {
    let commit = || PlayerRequest::Commit { room: room(1), lobby: name("lobby:p:0") };
    check(vec![
        (0, PlayerRequest::Free { room: room(1) }, FREE),
        (0, PlayerRequest::Reserve { room: room(1) }, busy(1, None)),
        (0, commit(), busy(1, None)),
        (0, PlayerRequest::CurrentMatch, FREE),
    ]);
}

#[test]
fn commit_removes_the_leases_of_the_lobby() {
    check(vec![
        (0, claim("lobby:p:0", 1, &[]), FREE),
        (0, claim("lobby:p:0", 2, &[1]), FREE),
        (
            0,
            PlayerRequest::Commit { room: room(1), lobby: name("lobby:p:0") },
            PlayerResponse::Granted { current_match: Some(room(1)) },
        ),
        (0, claim("room:m_1", 1, &[]), PlayerResponse::Granted { current_match: Some(room(1)) }),
    ]);
}

/// Returns a claim under this device policy.
fn claim_where(devices: Devices, object: &str, conn: u32) -> PlayerRequest {
    PlayerRequest::Claim {
        object: name(object),
        conn: Conn(conn),
        holding: vec![],
        replaces: vec![],
        at: Time::default(),
        ep: 0,
        sid: "s_1".parse().unwrap(),
        devices,
    }
}

fn out(all: &[(&str, ForcedClose)], at: &[&str]) -> PlayerResponse {
    let evictee =
        |(object, close): &(&str, ForcedClose)| Evictee { object: name(object), close: close.clone() };
    PlayerResponse::Full {
        objects: at.iter().map(|&at| name(at)).collect(),
        evict: all.iter().map(evictee).collect(),
    }
}

#[test]
fn kick_oldest_evicts_before_the_new_connection_opens() {
    let oldest = ForcedClose::OneTooMany { conn: Conn(1) };
    let claim_c = || claim_where(Devices::KickOldest, "room:m_c", 1);
    let gone =
        || PlayerRequest::Correct { object: name("room:m_a"), holding: vec![], asked: Time::from_ms(2) };
    check(vec![
        (0, claim("room:m_a", 1, &[]), FREE),
        (1, claim("room:m_b", 1, &[]), FREE),
        (2, claim_c(), out(&[("room:m_a", oldest)], &["room:m_a", "room:m_b"])),
        (2, gone(), FREE),
        (2, claim_c(), FREE),
        (2, claim("room:m_d", 1, &[]), full(&["room:m_b", "room:m_c"])),
    ]);
}

#[test]
fn take_over_evicts_all_other_connections() {
    let over = || ForcedClose::TakenOver { conn: Conn(1) };
    check(vec![
        (0, claim("room:m_a", 1, &[]), FREE),
        (1, claim_where(Devices::TakeOver, "room:m_b", 1), out(&[("room:m_a", over())], &["room:m_a"])),
    ]);
}

fn noticed(player: &mut Player, ms: u64, kind: NoticeKind) -> Vec<Effect> {
    let at = Time::from_ms(ms);
    let player_id = "p_1".parse().unwrap();
    let notice = Notice { player: player_id, at, kind };
    player.handle(at, Input::Noticed { notice: &notice })
}

fn forced_closes(effects: &[Effect]) -> Vec<(String, &ForcedClose)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::ForceClose { object, close, .. } => Some((object.to_string(), close)),
            _ => None,
        })
        .collect()
}

#[test]
fn forced_close_is_repeated_until_each_host_confirms() {
    let mut player = Player::default();
    let _ = player.request(Time::from_ms(0), claim("room:m_a", 1, &[]));
    let _ = player.request(Time::from_ms(0), claim("room:m_b", 1, &[]));
    let told = noticed(&mut player, 1, NoticeKind::Revoked { ep: 1 });
    let revoked = ForcedClose::Revoked { ep: 1 };
    assert_eq!(forced_closes(&told), ["room:m_a", "room:m_b"].map(|object| (object.to_owned(), &revoked)));
    assert!(matches!(told.first(), Some(Effect::Save(_))));
    assert!(noticed(&mut player, 2, NoticeKind::Revoked { ep: 1 }).is_empty());

    let again = player.handle(Time::from_ms(3000), Input::Woke);
    assert_eq!(forced_closes(&again).len(), 2);
    for effect in &told {
        if let Effect::ForceClose { call, .. } = effect {
            let (holding, asked) = (vec![], Time::from_ms(3000));
            let _ = player
                .handle(Time::from_ms(3001), Input::ForcedCloseConfirmed { call: *call, holding, asked });
        }
    }
    assert_eq!(player.wake_at(Time::from_ms(3001)), None);
    assert_eq!(player.handle(Time::from_ms(99_000), Input::Woke), []);
}

#[test]
fn revoked_or_banned_player_is_denied() {
    let mut player = Player::default();
    let _ = noticed(&mut player, 1, NoticeKind::Revoked { ep: 1 });
    let barred = |why| PlayerResponse::Denied { denial: why };
    let ask = |player: &mut Player, ms| player.request(Time::from_ms(ms), claim("room:m_a", 1, &[])).0;
    assert_eq!(ask(&mut player, 2), barred(Denial::Revoked));
    let until = Time::from_ms(50);
    let _ = noticed(&mut player, 3, NoticeKind::Banned { until });
    assert_eq!(ask(&mut player, 4), barred(Denial::Banned));
    let reserve = PlayerRequest::Reserve { room: room(1) };
    assert_eq!(player.request(Time::from_ms(4), reserve).0, barred(Denial::Banned));
    let _ = noticed(&mut player, 5, NoticeKind::Unbanned);
    assert_eq!(ask(&mut player, 6), barred(Denial::Revoked));
}

#[test]
fn lifted_ban_is_no_longer_sent_to_hosts() {
    let mut player = Player::default();
    let _ = player.request(Time::from_ms(0), claim("room:m_a", 1, &[]));
    let until = Time::from_ms(50_000);
    let _ = noticed(&mut player, 1, NoticeKind::Banned { until });
    let _ = noticed(&mut player, 2, NoticeKind::Unbanned);
    assert_eq!(player.handle(Time::from_ms(9000), Input::Woke), []);
}

#[test]
fn erased_player_is_deleted_after_the_last_token_expires() {
    let mut player = Player::default();
    let _ = noticed(&mut player, 1, NoticeKind::Erased);
    let life = crate::time::ms(limits::ACCESS_TOKEN_TTL + limits::CLOCK_SKEW_MAX);
    assert_eq!(player.wake_at(Time::from_ms(1)), Some(Time::from_ms(1 + life)));
    let effects = player.handle(Time::from_ms(1 + life), Input::Woke);
    assert_eq!(effects, [Effect::Erase]);
}

#[test]
fn only_mutual_followers_are_asked_for_their_presence() {
    let mut player = Player::default();
    let [follower, stranger] = ["p_2", "p_3"].map(|id| id.parse::<PlayerId>().unwrap());
    let all = [stranger, follower.clone()];
    assert_eq!(player.visible_players(&all), Err(Missing::Visibility));
    let visibility =
        Visibility { player: "p_1".parse().unwrap(), mutual: vec![follower.clone()], hidden: true };
    let known = Input::VisibilityKnown { revision: player.visibility_revision(), visibility: &visibility };
    assert_eq!(player.handle(Time::from_ms(1), known).len(), 1);
    assert_eq!(player.visible_players(&all), Ok(vec![follower]));
}
