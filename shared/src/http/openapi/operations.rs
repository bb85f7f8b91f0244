//! The operations of each path of the edge.

use super::operation::{Operation, Route};
use super::queues;
use super::schemas;
use super::service::{self, ROOM};
use crate::http::Path;
use crate::limits;
use crate::metrics::readiness::MINUTES;
use serde_json::{Value, json};

const ANA: &str = "p_ana";
const BEN: &str = "p_ben";

/// Returns the operations of a path.
pub fn operations(path: Path) -> Vec<Route> {
    let operation = match path {
        Path::Health => get_health(),
        Path::Ready => get_readiness(),
        Path::Status => get_status_page(),
        Path::StatusJson => get_status(),
        Path::Metrics => get_metrics(),
        Path::Config => get_config(),
        Path::Rooms => return vec![(path.template(), "post", create_room())],
        Path::Room(_) => get_room(),
        Path::RoomCommands(_) => return vec![(path.template(), "post", service::send_room_commands())],
        Path::RoomLog(_) => service::get_room_log(),
        Path::RoomInspection(_) => service::inspect_room(),
        Path::PlayerInspection(_) => service::inspect_player(),
        Path::PlayerRelease(_) => return vec![(path.template(), "post", service::release_player())],
        Path::PlayerNotices(_) => return vec![(path.template(), "post", service::notify_player())],
        Path::Queues => queues::list_queues(),
        Path::QueueTickets(_) => queues::list_tickets(),
        Path::QueueTicket(..) => return queues::ticket(path.template()),
        Path::Lobby(_) => open_lobby_socket(),
        Path::Me => open_me_socket(),
        Path::Presence => get_presence(),
        Path::Notices => return vec![(path.template(), "post", receive_notices())],
        Path::Profiles => list_profiles(),
        Path::Profile(_) => get_profile(),
        Path::Unknown => return vec![],
        Path::Page => return pages(),
    };
    vec![(path.template(), "get", operation)]
}

fn get_health() -> Operation {
    let example = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "build": null,
        "uptime_ms": 61_000,
        "memory_bytes": 3_145_728,
        "sockets": 12,
        "cache_hit_share": 0.93,
        "region_p50_ms": 9,
        "region_p95_ms": 31,
    });
    Operation::new("getHealth", "operations", "Returns the health of the isolate that answers.").json(
        200,
        "The Worker runs.",
        "Health",
        example,
    )
}

fn get_status() -> Operation {
    let minutes = format!("{}r", "-".repeat(MINUTES - 1));
    let example = json!({
        "status": "ready", "as_of": 1_795_253_400_000_u64, "ready_share": 1.0, "minutes": minutes,
    });
    Operation::new("getStatus", "operations", "Returns the readiness of the last day by minute.").json(
        200,
        "The readiness, at most 10 s old.",
        "Status",
        example,
    )
}

fn get_status_page() -> Operation {
    let example = "<!doctype html>\n";
    Operation::new("getStatusPage", "operations", "Returns the readiness of the last day as a page.").text(
        200,
        "The page.",
        "text/html; charset=utf-8",
        example,
    )
}

fn get_readiness() -> Operation {
    let ready = json!({ "status": "ready", "missing": [] });
    let not_ready = json!({ "status": "not_ready", "missing": ["region: it does not answer"] });
    Operation::new(
        "getReadiness",
        "operations",
        "Returns whether all requests can be served. The result is reused for up to 2 s.",
    )
    .json(200, "Every dependency answers.", "Ready", ready)
    .json(503, "A dependency does not answer.", "Ready", not_ready)
}

fn get_metrics() -> Operation {
    let example = "# TYPE matchpoint_rooms gauge\nmatchpoint_rooms 0\n";
    Operation::new("getMetrics", "operations", "Returns the metrics in Prometheus' text format.")
        .text(200, "The series.", "text/plain; version=0.0.4; charset=utf-8", example)
        .secured(&["metrics_token", "access_token", "service_key", ""])
        .problem(401, "`token_invalid`")
        .problem(403, "`scope_missing`")
}

fn get_config() -> Operation {
    let pool = json!({ "seats": 2, "teams": null, "party": 1, "propose_s": null, "parts": 1 });
    let example = json!({
        "region": "https://region.example",
        "pools": ["speed-dating"],
        "rules": { "speed-dating": pool },
    });
    Operation::new("getConfig", "operations", "Returns the configuration that a page needs to start.").json(
        200,
        "The configuration.",
        "Config",
        example,
    )
}

fn create_room() -> Operation {
    let request = json!({ "seats": 2, "rules": { "end": "owner", "spectators": true } });
    Operation::new(
        "createRoom",
        "rooms",
        "Creates an open room that the caller owns. A player who knows its name may take a free seat. A service key creates \
         rooms with named seats, and gets the same room again for the same `Idempotency-Key`.",
    )
    .header("Idempotency-Key", "For a service: the name of the intended room.", service::idempotency_key())
    .body("NewRoom", false, request)
    .secured(&["access_token", "service_key"])
    .json(201, "The room was created.", "CreatedRoom", json!({ "room": ROOM }))
    .problem(400, "`bad_field`, `bad_json`")
    .problem(401, "`token_invalid`, `token_expired`, `session_revoked`, `banned`")
    .problem(403, "`scope_missing`")
    .problem(408, "`too_slow`")
    .problem(409, "`too_many_rooms`")
    .problem(413, "`too_long`")
}

fn get_room() -> Operation {
    let example = json!({ "room": ROOM, "pool": null, "phase": "open", "members": [], "at": 0 });
    let text = json!({ "type": "string", "maxLength": 24 });
    let position = json!({ "type": "integer", "minimum": 0 });
    let flag = json!({ "type": "string", "enum": ["1"] });
    Operation::new(
        "getRoom",
        "rooms",
        "Returns the public summary of a room. With `Upgrade: websocket`: takes a seat, or watches as a spectator.",
    )
    .path_parameter("room", "RoomId", ROOM)
    .socket("A room that does not exist closes with 4011, a full one with 4005; see docs/protocol.md.")
    .query("epoch", "For a socket: the epoch of the log to resume.", false, text, None)
    .query("at", "For a socket: the position after which to resume.", false, position, None)
    .query("watch", "For a socket: `1` to watch even where a seat is free.", false, flag, None)
    .json(200, "The summary.", "RoomSummary", example)
    .problem(404, "`not_found`")
}

fn open_lobby_socket() -> Operation {
    Operation::new("openLobbySocket", "rooms", "Opens a socket to the lobby of a pool.")
        .path_parameter("pool", "PoolName", "speed-dating")
        .socket("A pool that does not exist closes with 4011.")
        .problem(426, "`upgrade_required`")
}

fn open_me_socket() -> Operation {
    Operation::new(
        "openMeSocket",
        "people",
        "Opens the caller's me socket, which receives notices and the presence of followed players.",
    )
    .socket("An ended session closes with 4302, a ban with 4001.")
    .problem(426, "`upgrade_required`")
}

fn get_presence() -> Operation {
    let example = json!({
        "players": [{ "player": BEN, "state": "offline", "as_of": 1_795_000_000_000_u64 }],
        "max_staleness_ms": 105_000,
    });
    let ids = json!({ "type": "string", "pattern": schemas::ids(limits::PRESENCE_PLAYERS_MAX) });
    Operation::new("getPresence", "people", "Returns the presence of players who follow the caller mutually.")
        .query("players", "1 to 100 player ids, separated by commas.", true, ids, Some(BEN))
        .secured(&["access_token"])
        .json(200, "The presence of each player, in the order of the request.", "PresenceList", example)
        .problem(400, "`bad_field`")
        .problem(401, "`token_invalid`, `token_expired`, `session_revoked`, `banned`")
}

fn receive_notices() -> Operation {
    let example = json!([{ "player": BEN, "at": 1_795_000_000_000_u64, "kind": "circle" }]);
    Operation::new(
        "receiveNotices",
        "internal",
        "Receives notices of the region about players. They are repeated until all are stored.",
    )
    .body("Notices", true, example)
    .secured(&["signature"])
    .json(200, "All notices are stored.", "StoredNotices", json!({ "players": 1 }))
    .problem(400, "`bad_field`, `bad_json`")
    .problem(401, "`bad_signature`")
    .problem(408, "`too_slow`")
    .problem(413, "`too_long`")
}

fn list_profiles() -> Operation {
    let ids = json!({ "type": "string", "pattern": schemas::ids(limits::PROFILES_BATCH_MAX) });
    let example = json!({ "profiles": [profile(ANA, "Ana"), profile(BEN, "Ben")] });
    Operation::new(
        "listProfiles",
        "people",
        "Returns public profiles in the order of the request, without players that do not exist.",
    )
    .query("ids", "1 to 100 player ids, separated by commas.", true, ids, Some("p_ana,p_ben"))
    .json(200, "The profiles.", "ProfileList", example)
    .cached()
    .problem(400, "`bad_id`, `bad_query`, `too_many`")
}

fn get_profile() -> Operation {
    Operation::new(
        "getProfile",
        "people",
        "Returns a public profile. The caller's private part is served by the region.",
    )
    .path_parameter("player", "PlayerId", ANA)
    .json(200, "The profile.", "Profile", profile(ANA, "Ana"))
    .cached()
    .problem(400, "`bad_id`")
    .problem(404, "`player_not_found`")
}

fn pages() -> Vec<Route> {
    let html = "text/html; charset=utf-8";
    let page = |id: &str, summary: &str| {
        Operation::new(id, "pages", summary).text(200, "The page.", html, "<!doctype html>\n")
    };
    let example = json!({ "openapi": "3.1.0", "info": { "title": "Matchpoint: the edge" } });
    let document = Operation::new("getOpenApiDocument", "pages", "Returns this document.");
    vec![
        ("/", "get", page("getDemoPage", "Returns the demo.")),
        ("/docs", "get", page("getDocsPage", "Returns this document as a page for a browser.")),
        ("/openapi.json", "get", document.json(200, "The document.", "Document", example)),
    ]
}

fn profile(player: &str, name: &str) -> Value {
    json!({
        "player": player, "version": 1, "name": name, "bio": "", "attrs": {}, "pictures": [],
        "created": "2026-11-21T09:30:00Z",
    })
}
