//! Tests that messages between objects keep their JSON names, so that two versions understand each other
//! during a deploy.
#![allow(clippy::unwrap_used)]

use super::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads a message from its JSON and writes it again.
fn check<T: Serialize + DeserializeOwned>(message: &Value) {
    let read: T = serde_json::from_value(message.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *message);
}

#[test]
fn player_requests_keep_their_names() {
    let claim = json!({
        "object": "room:m_1", "conn": 1, "holding": [2], "replaces": [], "at": 5, "ep": 0, "sid": "s_1",
        "devices": "reject_new",
    });
    check::<PlayerRequest>(&json!({ "claim": claim }));
    check::<PlayerRequest>(&json!({ "correct": { "object": "lobby:a:0", "holding": [], "asked": 5 } }));
    check::<PlayerRequest>(&json!({ "release": { "object": "lobby:a:top", "conn": 1 } }));
    check::<PlayerRequest>(&json!({ "reserve": { "room": "m_1" } }));
    check::<PlayerRequest>(&json!({ "commit": { "room": "m_1", "lobby": "lobby:a:3" } }));
    check::<PlayerRequest>(&json!({ "free": { "room": "m_1" } }));
    check::<PlayerRequest>(&json!("live"));
    check::<PlayerRequest>(&json!({ "home": { "pool": "a", "part": 3 } }));
}

#[test]
fn player_responses_keep_their_names() {
    let evictee = |dismissal: Value| json!({ "object": "room:m_1", "dismissal": dismissal });
    let out = [
        evictee(json!({ "why": "banned" })),
        evictee(json!({ "why": "revoked", "ep": 2 })),
        evictee(json!({ "why": "session_ended", "sid": "s_1" })),
        evictee(json!({ "why": "one_too_many", "conn": 1 })),
        evictee(json!({ "why": "taken_over", "conn": 1 })),
    ];
    check::<PlayerResponse>(&json!({ "granted": { "live": "m_1" } }));
    check::<PlayerResponse>(&json!({ "full": { "at": ["room:m_1"], "out": out } }));
    check::<PlayerResponse>(&json!({ "barred": { "why": "banned" } }));
    check::<PlayerResponse>(&json!({ "barred": { "why": "revoked" } }));
    check::<PlayerResponse>(&json!({ "home": { "part": 3 } }));
    check::<PlayerResponse>(&json!({ "busy": { "room": "m_1", "until": 5 } }));
}

#[test]
fn host_messages_keep_their_names() {
    check::<HostRequest>(&json!({ "holds": { "player": "p_1" } }));
    check::<HostRequest>(&json!({ "dismiss": { "player": "p_1", "dismissal": { "why": "banned" } } }));
    let withdraw = json!({ "withdraw": { "ticket": "t_1", "climbs": 2 } });
    check::<HostRequest>(&json!({ "part": { "ask": withdraw } }));
    check::<HostResponse>(&json!("done"));
    check::<HostResponse>(&json!({ "part": { "answer": "busy" } }));
    check::<HostResponse>(&json!({ "holds": { "conns": [1, 2] } }));
}

#[test]
fn shard_messages_keep_their_names() {
    let offer = json!({ "teams": [["p_1"], ["p_2"]], "until": 9 });
    check::<ShardRequest>(&json!({ "said": { "room": "m_1", "player": "p_1", "yes": true } }));
    check::<ShardRequest>(&json!({ "hold": { "ticket": "t_1", "room": "m_1" } }));
    check::<ShardRequest>(&json!({ "offer": { "ticket": "t_1", "room": "m_1", "offer": offer } }));
    let out = json!({ "by": ["p_1"], "live": null });
    check::<ShardRequest>(&json!({ "drop": { "ticket": "t_1", "room": "m_1", "reason": "x", "out": out } }));
    check::<ShardRequest>(
        &json!({ "matched": { "ticket": "t_1", "room": "m_1", "teams": [["p_1"], ["p_2"]] } }),
    );
    check::<ShardResponse>(&json!("gone"));
}

#[test]
fn ticket_keeps_its_names() {
    let member = json!({
        "player": "p_1", "name": "Ana", "rating": 1500.0, "deviation": 60.0, "attrs": {}, "wants": [],
        "apart": ["p_9"], "recent": [["p_8", 7]],
    });
    let lent = json!({ "room": "m_1", "offer": { "teams": [["p_1"]], "until": 9 }, "said": { "p_1": true } });
    let ticket = |state: Value| {
        json!({
            "id": "t_1", "members": [member], "since": 5, "key": "k", "state": state, "rest": 6, "home": 1,
            "climb": "climbing", "climbs": 2, "dropped": ["m_0"],
        })
    };
    for state in
        [json!("waiting"), json!({ "paused": 5 }), json!({ "held": "m_1" }), json!({ "freeing": "m_1" })]
    {
        check::<ticket::Ticket>(&ticket(state));
    }
    check::<ticket::Ticket>(&ticket(json!({ "lent": lent })));
    check::<ShardRequest>(&json!({ "climb": { "ticket": ticket(json!("waiting")) } }));
}

#[test]
fn presence_messages_keep_their_names() {
    let sight = json!({ "state": "online", "as_of": 5 });
    check::<PeerRequest>(&json!({ "watch": { "by": "p_1" } }));
    check::<PeerRequest>(&json!({ "look": { "by": "p_1" } }));
    check::<PeerRequest>(&json!({ "show": { "of": "p_1", "sight": sight, "last": false } }));
    check::<PeerResponse>(&json!({ "sight": { "sight": sight, "kept": true } }));
    check::<PeerResponse>(&json!("heard"));
    check::<PeerResponse>(&json!("gone"));
    check::<PresenceRequest>(&json!({ "players": ["p_1"], "sid": "s_1", "ep": 0 }));
    check::<PresenceResponse>(&json!({ "seen": [{ "player": "p_1", "state": "away", "as_of": 5 }] }));
    check::<PresenceResponse>(&json!({ "barred": "revoked" }));
}

#[test]
fn notices_and_records_keep_their_names() {
    for kind in ["unbanned", "circle", "erased"] {
        check::<Notice>(&json!({ "player": "p_1", "at": 5, "kind": kind }));
    }
    check::<Notice>(&json!({ "player": "p_1", "at": 5, "kind": "banned", "until": 9 }));
    check::<Notice>(&json!({ "player": "p_1", "at": 5, "kind": "session_ended", "sid": "s_1" }));
    check::<Notice>(&json!({ "player": "p_1", "at": 5, "kind": "profile", "version": 3 }));
    check::<record::Visibility>(&json!({ "player": "p_1", "mutual": ["p_2"], "hidden": false }));
    check::<record::MatchmakingProfile>(&json!({
        "player": "p_1", "name": "Ana", "rating": 1500.0, "deviation": 60.0, "banned": false, "ep": 0,
        "attrs": { "tier": "gold" }, "apart": ["p_2"], "recent": [{ "player": "p_3", "ended": 5 }],
    }));
    check::<record::Participant>(&json!({ "player": "p_1", "name": "", "came": true, "gone": true }));
}
