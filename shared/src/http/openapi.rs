//! What the edge answers, as an OpenAPI 3.1 document: each path of [`Path`], with an example of what goes in and comes out.
//!
//! Nothing of this is in the Worker: the feature `openapi` is for who writes the document and who checks it.

mod kinds;
mod operation;

pub use kinds::{CODES, Seats, Span};

use super::{Config, Health, NewRoom, Noticed, Opened, Path, Queue, Ready};
use crate::id::{PlayerId, PoolName, RoomId};
use crate::notice::Notice;
use crate::presence::Seen;
use crate::{caps, sign};
use kinds::Kinds;
use operation::Operation;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const ANA: &str = "p_ana";
const BEN: &str = "p_ben";
const ROOM: &str = "m_chess";

/// The document. What a profile is, the region says: its document has the schemas.
pub fn document(region: &Value) -> serde_json::Result<Value> {
    let mut paths = Map::new();
    for &path in Path::ALL {
        for (at, method, operation) in operations(path) {
            let item = paths.entry(at).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(method.into(), operation.done(path.is_paced()));
            }
        }
    }
    let mut kinds = Kinds::default();
    kinds.add::<Health>()?;
    kinds.add::<Ready>()?;
    kinds.add::<Config>()?;
    kinds.add::<Queue>()?;
    kinds.add::<NewRoom>()?;
    kinds.add::<Seats>()?;
    kinds.add::<Span>()?;
    kinds.add::<Opened>()?;
    kinds.add::<Seen>()?;
    kinds.add::<Notice>()?;
    kinds.add::<Noticed>()?;
    kinds.add::<PlayerId>()?;
    kinds.add::<PoolName>()?;
    kinds.add::<RoomId>()?;
    kinds.written();
    let mut schemas = kinds.all();
    copy(region, "Profiles", &mut schemas);
    copy(region, "Profile", &mut schemas);
    paths.sort_keys();
    schemas.sort_keys();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Matchpoint: the edge",
            "description": "Rooms, queues, presence, and profiles from copies. Its sockets speak matchpoint.v1, as docs/protocol.md says.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "access_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of the region's `POST /v1/sessions`; good for ten minutes.",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": sign::HEADER,
                    "description": "From the region: an HMAC over method, path, time and body.",
                },
                "metrics_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`METRICS_TOKEN`, where it is set.",
                },
            },
        },
    }))
}

/// A schema of the region's, with everything that it refers to.
fn copy(region: &Value, name: &str, to: &mut Map<String, Value>) {
    let place = format!("/components/schemas/{name}");
    let Some(schema) = region.pointer(&place) else {
        return;
    };
    if to.insert(name.to_owned(), schema.clone()).is_none() {
        let mut refers = BTreeSet::new();
        references(schema, &mut refers);
        for name in refers {
            if !to.contains_key(&name) {
                copy(region, &name, to);
            }
        }
    }
}

fn references(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|name| name.rsplit('/').next());
            to.extend(name.map(str::to_owned));
            fields.values().for_each(|field| references(field, to));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is answered at a path.
#[expect(clippy::too_many_lines, reason = "a table: one arm a path")]
fn operations(path: Path) -> Vec<(&'static str, &'static str, Operation)> {
    let at = path.template();
    match path {
        Path::Health => {
            let health = Operation::new("health", "operations", "Answers as long as the Worker runs.");
            let example = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
            vec![(at, "get", health.answers(200, "It runs.", "Health", example))]
        }
        Path::Ready => {
            let ready = Operation::new(
                "ready",
                "operations",
                "Whether everybody can be served; looked at every 2 s at most.",
            )
            .answers(
                200,
                "Everything that is needed answers.",
                "Ready",
                json!({ "status": "ready", "missing": [] }),
            )
            .answers(
                503,
                "Something does not.",
                "Ready",
                json!({ "status": "not_ready", "missing": ["region: it does not answer"] }),
            );
            vec![(at, "get", ready)]
        }
        Path::Metrics => {
            let example = "# TYPE matchpoint_rooms gauge\nmatchpoint_rooms 0\n";
            let metrics =
                Operation::new("metrics", "operations", "What was counted, as Prometheus reads it.")
                    .says(200, "The series.", "text/plain; version=0.0.4; charset=utf-8", example)
                    .secured(&["metrics_token", ""])
                    .refuses(401, "`token_invalid`");
            vec![(at, "get", metrics)]
        }
        Path::Config => {
            let example = json!({
                "region": "https://region.example",
                "pools": ["speed-dating"],
                "rules": { "speed-dating": { "seats": 2, "teams": null, "party": 1, "propose_s": null, "parts": 1 } },
            });
            let config = Operation::new("config", "operations", "What a page must know to begin.");
            vec![(at, "get", config.answers(200, "It.", "Config", example))]
        }
        Path::Rooms => {
            let rooms = Operation::new(
                "rooms_open",
                "rooms",
                "Makes an open room, whose owner one is: whoever has its name may take a free seat.",
            )
            .takes("NewRoom", false, json!({ "seats": 2, "rules": { "end": "owner", "spectators": true } }))
            .secured(&["access_token"])
            .answers(201, "The room.", "Opened", json!({ "room": ROOM }))
            .refuses(400, "`bad_field`, `bad_json`")
            .refuses(401, "`token_invalid`, `token_expired`")
            .refuses(408, "`too_slow`")
            .refuses(413, "`too_long`");
            vec![(at, "post", rooms)]
        }
        Path::Room(_) => {
            let example = json!({
                "room": ROOM, "pool": null, "phase": "open", "members": [], "at": 0,
            });
            let room = Operation::new("rooms_look", "rooms", "What anybody may know of a room. With `Upgrade: websocket`: a seat in it, or a spectator's place.")
                .part("room", "RoomId", ROOM)
                .socket("A room that is not there closes with 4011, a full one with 4005; see docs/protocol.md.")
                .asks("epoch", "Go on in this life of the log: of a socket.", false, json!({ "type": "string", "maxLength": 24 }), None)
                .asks("at", "Go on after this position: of a socket.", false, json!({ "type": "integer", "minimum": 0 }), None)
                .asks("watch", "`1`: watch, even where a seat is free: of a socket.", false, json!({ "type": "string", "enum": ["1"] }), None)
                .answers(200, "It.", "Summary", example)
                .refuses(404, "`not_found`");
            vec![(at, "get", room)]
        }
        Path::Lobby(_) => {
            let lobby = Operation::new("lobbies_wait", "rooms", "A place in a queue: a socket.")
                .part("pool", "PoolName", "speed-dating")
                .socket("A pool that is not there closes with 4011.")
                .refuses(426, "`upgrade_required`");
            vec![(at, "get", lobby)]
        }
        Path::Me => {
            let me = Operation::new(
                "me_listen",
                "people",
                "A line of one's own: a socket, with notices and the presence of those one follows.",
            )
            .socket("An ended login closes with 4302, a ban with 4001.")
            .refuses(426, "`upgrade_required`");
            vec![(at, "get", me)]
        }
        Path::Presence => {
            let example = json!({
                "players": [{ "player": BEN, "state": "offline", "as_of": 1_795_000_000_000_u64 }],
                "max_staleness_ms": 65000,
            });
            let presence = Operation::new(
                "presence_look",
                "people",
                "Whether those are here whom one follows, and who follow back.",
            )
            .asks(
                "players",
                "1 to 100 ids with commas between them.",
                true,
                json!({ "type": "string", "pattern": kinds::ids(caps::PRESENCE_PLAYERS) }),
                Some(BEN),
            )
            .secured(&["access_token"])
            .answers(200, "How each is, in the order asked.", "Seen", example)
            .refuses(400, "`bad_field`")
            .refuses(401, "`token_invalid`, `token_expired`, `session_revoked`, `banned`");
            vec![(at, "get", presence)]
        }
        Path::Notices => {
            let example = json!([{ "player": BEN, "at": 1_795_000_000_000_u64, "kind": "circle" }]);
            let notices = Operation::new(
                "notices_receive",
                "internal",
                "The region's word of people. It is repeated until all of it is kept.",
            )
            .takes("Notices", true, example)
            .secured(&["signature"])
            .answers(200, "All of it is on disk.", "Noticed", json!({ "players": 1 }))
            .refuses(400, "`bad_field`, `bad_json`")
            .refuses(401, "`bad_signature`")
            .refuses(408, "`too_slow`")
            .refuses(413, "`too_long`");
            vec![(at, "post", notices)]
        }
        Path::Profiles => {
            let profiles = Operation::new(
                "profiles_list",
                "people",
                "Profiles as everybody sees them, in the order asked, without those who are not there.",
            )
            .asks(
                "ids",
                "1 to 100 players with commas between them.",
                true,
                json!({ "type": "string", "pattern": kinds::ids(caps::PROFILES) }),
                Some("p_ana,p_ben"),
            )
            .answers(
                200,
                "They.",
                "Profiles",
                json!({ "profiles": [profile(ANA, "Ana"), profile(BEN, "Ben")] }),
            )
            .copied()
            .refuses(400, "`bad_id`, `bad_query`, `too_many`");
            vec![(at, "get", profiles)]
        }
        Path::Profile(_) => {
            let one = Operation::new(
                "profiles_show",
                "people",
                "One profile as everybody sees it; one's own private part is at the region.",
            )
            .part("player", "PlayerId", ANA)
            .answers(200, "It.", "Profile", profile(ANA, "Ana"))
            .copied()
            .refuses(400, "`bad_id`")
            .refuses(404, "`player_not_found`");
            vec![(at, "get", one)]
        }
        Path::Nothing => vec![],
        Path::Page => {
            let html = "text/html; charset=utf-8";
            let page = |id: &str, says: &str| {
                Operation::new(id, "pages", says).says(200, "The page.", html, "<!doctype html>\n")
            };
            let document = Operation::new("document", "pages", "This document.");
            let begins = json!({ "openapi": "3.1.0", "info": { "title": "Matchpoint: the edge" } });
            vec![
                ("/", "get", page("page", "The demo.")),
                ("/docs", "get", page("docs", "This document, to be read in a browser.")),
                ("/openapi.json", "get", document.answers(200, "It.", "Document", begins)),
            ]
        }
    }
}

fn profile(player: &str, name: &str) -> Value {
    json!({
        "player": player, "version": 1, "name": name, "bio": "", "attrs": {}, "pictures": [],
        "created": "2026-11-21T09:30:00Z",
    })
}
