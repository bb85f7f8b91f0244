//! The edge's OpenAPI 3.1 document: each path of [`Path`] with examples of requests and responses.
//!
//! The Worker does not contain it: the feature `openapi` is for the tools that write and check the document.

mod operation;
mod operations;
mod queues;
mod schemas;
mod service;

pub use crate::pool::schema::{Seats, Span};
pub use schemas::CODES;

use super::{
    Config, CreatedRoom, Health, KeptNotice, NamedSeat, NewNotice, NewRoom, Path, PlayerRelease, PoolInfo,
    QueueList, QueueSummary, Ready, Status, StoredNotices,
};
use crate::id::{NoticeId, PlayerId, PoolName, RoomId, SessionId, TicketId};
use crate::presence::PresenceList;
use crate::rpc::queue_figures::QueueFigures;
use crate::rpc::queue_service::{NearestTicket, TicketState, TicketStatus, WaitingTicket};
use crate::rpc::room_service::{RoomInspection, RoomLog};
use crate::rpc::{Notice, PlayerInspection};
use crate::time::Time;
use crate::{limits, sign};
use operations::operations;
use schemas::Schemas;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Returns the document. The schemas of profiles are copied from the region's document.
pub fn document(region: &Value) -> serde_json::Result<Value> {
    let mut paths = Map::new();
    for &path in Path::ALL {
        for (template, method, operation) in operations(path) {
            let item = paths.entry(template).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(method.into(), operation.build(path.is_rate_limited()));
            }
        }
    }
    let mut schemas = schemas()?;
    copy(region, "ProfileList", &mut schemas);
    copy(region, "Profile", &mut schemas);
    paths.sort_keys();
    schemas.sort_keys();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Matchpoint: the edge",
            "description": "Rooms, lobbies, presence, and cached profiles. The sockets speak matchpoint.v1, as docs/protocol.md specifies.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes() },
    }))
}

fn schemas() -> serde_json::Result<Map<String, Value>> {
    let mut schemas = Schemas::default();
    schemas.add::<Health>()?;
    schemas.add::<Ready>()?;
    schemas.add::<Status>()?;
    schemas.add::<Config>()?;
    schemas.add::<PoolInfo>()?;
    schemas.add::<NewRoom>()?;
    schemas.add::<Seats>()?;
    schemas.add::<Span>()?;
    schemas.add::<NamedSeat>()?;
    schemas.add::<CreatedRoom>()?;
    schemas.add::<RoomLog>()?;
    schemas.add::<RoomInspection>()?;
    schemas.add::<PlayerInspection>()?;
    schemas.add::<PlayerRelease>()?;
    schemas.add::<NewNotice>()?;
    schemas.add::<KeptNotice>()?;
    schemas.add::<NoticeId>()?;
    schemas.add::<TicketStatus>()?;
    schemas.add::<TicketState>()?;
    schemas.add::<WaitingTicket>()?;
    schemas.add::<NearestTicket>()?;
    schemas.add::<QueueList>()?;
    schemas.add::<QueueSummary>()?;
    schemas.add::<QueueFigures>()?;
    schemas.add::<PresenceList>()?;
    schemas.add::<Notice>()?;
    schemas.split_variants("Notice", "NoticeKind", "kind");
    schemas.limit("Time", "", Time::LAST.ms());
    schemas.limit("RevokedNotice", "/properties/ep", limits::JSON_INTEGER_MAX);
    schemas.limit("ProfileNotice", "/properties/version", limits::JSON_INTEGER_MAX);
    schemas.add::<StoredNotices>()?;
    schemas.add::<PlayerId>()?;
    schemas.add::<SessionId>()?;
    schemas.add::<PoolName>()?;
    schemas.add::<RoomId>()?;
    schemas.add::<TicketId>()?;
    schemas.add_handwritten();
    Ok(schemas.into_map())
}

fn security_schemes() -> Value {
    json!({
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of the region's `POST /v1/sessions`; valid for ten minutes.",
        },
        "service_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the operator's backend, `mk_…`, that `cargo xtask keys` created.",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": sign::HEADER,
            "description": "A signature of the region: an HMAC over method, path, time and body.",
        },
        "metrics_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "The variable `METRICS_TOKEN`, where it is set.",
        },
    })
}

/// Copies a schema of the region's document with all schemas that it refers to.
fn copy(region: &Value, name: &str, to: &mut Map<String, Value>) {
    let pointer = format!("/components/schemas/{name}");
    let Some(schema) = region.pointer(&pointer) else {
        return;
    };
    if to.insert(name.to_owned(), schema.clone()).is_none() {
        let mut names = BTreeSet::new();
        references(schema, &mut names);
        for name in names {
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
