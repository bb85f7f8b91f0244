//! The operations of the service API, for operators and the operator's own backend.

use super::operation::Operation;
use crate::http::audit_reason;
use crate::limits;
use serde_json::{Value, json};

/// The description of the header `Audit-Reason`.
const REASON: &str = "The reason, for the audit trail: percent-encoded UTF-8.";
/// The player of the examples.
const PLAYER: &str = "p_ana";
/// The room of the examples.
pub const ROOM: &str = "m_chess";

/// The schema of the header `Idempotency-Key`.
pub fn idempotency_key() -> Value {
    json!({ "type": "string", "pattern": format!("^[!-~]{{1,{}}}$", limits::KEY_BYTES_MAX) })
}

/// Returns the operation of `POST /v1/rooms/{room}/commands`.
pub fn send_room_commands() -> Operation {
    let request = json!([{ "op": "say", "key": "welcome", "body": { "text": "Welcome." } }]);
    let operation = Operation::new(
        "sendRoomCommands",
        "service",
        "Executes commands of the wire in a room, by the name of the service key or the operator. The ops are `say`, `set`, `signal`, `hint`, \
         `kick` and `end`; what they did is on disk before the response.",
    );
    room(operation)
        .body("RoomCommands", true, request)
        .json(
            200,
            "A reply for each command.",
            "RoomReplies",
            json!({ "replies": [{ "id": 0, "ok": { "at": 1 } }] }),
        )
        .header("Audit-Reason", REASON, reason())
        .problem(400, "`bad_field`, `bad_json`")
        .problem(408, "`too_slow`")
        .problem(413, "`too_long`")
}

/// Returns the operation of `GET /v1/rooms/{room}/log`.
pub fn get_room_log() -> Operation {
    let position = json!({ "type": "integer", "minimum": 0, "maximum": limits::JSON_INTEGER_MAX });
    let said = json!({ "at": 1, "ev": "said", "by": "p_service-backend", "ts": 1_795_253_400_123_u64, "body": { "text": "Welcome." } });
    let example = json!({ "events": [said], "head": 1, "truncated": false });
    room(Operation::new(
        "getRoomLog",
        "service",
        "Returns the kept events of a room, as a spectator receives them.",
    ))
    .query("after", "The position after which the page begins.", false, position, None)
    .json(200, "The events.", "RoomLog", example)
    .problem(400, "`bad_query`")
}

/// Returns the operation of `GET /v1/rooms/{room}/inspection`.
pub fn inspect_room() -> Operation {
    let flag = json!({ "type": "string", "enum": ["1"] });
    let example = json!({
        "room": ROOM, "pool": null, "phase": "open", "created": 1_795_253_400_123_u64, "owner": "p_ana", "head": 1, "durable": 1,
        "epoch": 1, "members": [], "sockets": [], "board": {}, "unconfirmed": 0, "woken": false,
    });
    let operation = Operation::new(
        "inspectRoom",
        "service",
        "Returns a room with its members, sockets, board and match. It wakes a room that rests; `woken` says whether it did.",
    );
    room(operation)
        .query(
            "hidden",
            "`1` for what players of a mode hide; requires `inspect_hidden`, and is audited.",
            false,
            flag,
            None,
        )
        .header("Audit-Reason", REASON, reason())
        .json(200, "The room.", "RoomInspection", example)
        .problem(400, "`bad_query`")
}

/// Returns the operation of `GET /v1/players/{player}/inspection`.
pub fn inspect_player() -> Operation {
    let example = json!({
        "player": PLAYER, "devices": [], "me_sockets": 0, "current_match": null, "owned_rooms": [ROOM], "banned_until": null,
        "unread_notices": 0, "unconfirmed": 0,
    });
    let text = "Returns the sockets and the match of a player. It asks the player's object alone, and wakes no room.";
    player(Operation::new("inspectPlayer", "service", text)).json(
        200,
        "The player.",
        "PlayerInspection",
        example,
    )
}

/// Returns the operation of `POST /v1/players/{player}/release`.
pub fn release_player() -> Operation {
    let text = "Frees a player from a match or from an open room, so that the player can enter another. The room is not told: remove the player there with \
                `kick`, if it still runs. The action is in the audit trail before the player is free.";
    player(Operation::new("releasePlayer", "service", text))
        .header("Audit-Reason", REASON, reason())
        .body("PlayerRelease", true, json!({ "room": ROOM }))
        .empty(204, "The player is free.")
        .problem(400, "`bad_field`")
        .problem(404, "`not_found`")
        .problem(408, "`too_slow`")
        .problem(413, "`too_long`")
}

/// Returns the operation of `POST /v1/players/{player}/notices`.
pub fn notify_player() -> Operation {
    let text = "Leaves a notice for a player: any JSON of up to 1 KiB. It comes on each open me socket, and again on each that opens later, until the player has \
                read it or it expires. The same `Idempotency-Key` names the same notice. The action is in the audit trail, without the body.";
    let request = json!({ "body": { "text": "Your prize is on its way." }, "ttl_s": 86_400 });
    let kept = json!({ "notice": "nt_4dj8f0q", "connected": false });
    player(Operation::new("notifyPlayer", "service", text))
        .header("Audit-Reason", REASON, reason())
        .header("Idempotency-Key", "The name of the notice.", idempotency_key())
        .body("NewNotice", true, request)
        .json(201, "The notice is kept.", "KeptNotice", kept)
        .json(200, "The notice was kept before.", "KeptNotice", Value::Null)
        .problem(400, "`bad_field`")
        .problem(404, "`player_not_found`")
        .problem(408, "`too_slow`")
        .problem(409, "`full`")
        .problem(413, "`too_long`")
}

/// Adds what all operations on a player have.
fn player(operation: Operation) -> Operation {
    secured(operation.path_parameter("player", "PlayerId", PLAYER)).problem(400, "`bad_id`")
}

fn reason() -> Value {
    json!({ "type": "string", "pattern": audit_reason::pattern() })
}

/// Adds what all operations on a room have.
fn room(operation: Operation) -> Operation {
    secured(operation.path_parameter("room", "RoomId", ROOM)).problem(404, "`not_found`")
}

/// Adds what all operations of the service API have.
pub fn secured(operation: Operation) -> Operation {
    operation
        .secured(&["service_key", "access_token"])
        .problem(401, "`token_invalid`, `token_expired`, `session_revoked`, `banned`")
        .problem(403, "`scope_missing`")
        .problem(429, "`too_fast`")
}
