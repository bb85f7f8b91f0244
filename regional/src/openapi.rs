//! What the region answers, as an OpenAPI 3.1 document that is made of the routes themselves.
//!
//! Each handler says what is its own: parameters, body, answers. What the layers before it add is added here, by the group
//! that a route is in (see [`routes`](crate::routes)), so that it is said once.

pub mod examples;
mod kinds;

use crate::http::problem::Code;
use crate::routes::groups;
pub use kinds::{
    Anything, Attrs, Current, Cursor, DisplayName, Edit, IdToken, Ids, Kept, Keys, Media, Moment, Open, Own,
    PageSize, PictureBytes, Reason, TierName, Version, Who, Words,
};
use serde_json::{Map, Value, json};
use shared::caps;
use std::collections::BTreeMap;

/// The document as it is committed and served. `cargo xtask openapi` writes it.
pub const COMMITTED: &str = include_str!("../../docs/openapi-region.json");

/// The page that shows it.
pub const PAGE: &str = include_str!("../../docs/page/docs.html");
/// What runs in the page.
pub const SCRIPT: &str = include_str!("../../docs/page/docs.js");
/// How the page looks.
pub const STYLE: &str = include_str!("../../docs/page/docs.css");

/// The document, made anew.
pub fn document() -> serde_json::Result<Value> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for (group, layers) in [
        (groups::internal(), Layers { paced: false, keyed: false }),
        (groups::keyed(), Layers { paced: true, keyed: true }),
        (groups::paced(), Layers { paced: true, keyed: false }),
        (groups::open(), Layers { paced: false, keyed: false }),
    ] {
        let mut part = serde_json::to_value(group.into_openapi())?;
        for (path, item) in object(part.pointer_mut("/paths")) {
            let mut item = item;
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                complete(operation, layers);
            }
            let known = paths.entry(path).or_insert_with(|| json!({}));
            if let (Some(known), Value::Object(item)) = (known.as_object_mut(), item) {
                known.extend(item);
            }
        }
        schemas.extend(object(part.pointer_mut("/components/schemas")));
    }
    for (name, schema) in kinds::all() {
        schemas.insert(name.into(), schema);
    }
    schemas.insert("Problem".into(), problem());
    for (name, more) in bounds() {
        if let Some(schema) = schemas.get_mut(name) {
            merge(schema, more);
        }
    }
    examples::add(&mut paths)?;
    paths.sort_keys();
    schemas.sort_keys();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Matchpoint: the region",
            "description": "Who somebody is, and what happened. docs/protocol.md says what the words mean.",
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
                    "description": "The `access_token` of `POST /v1/sessions`; good for ten minutes.",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": shared::sign::HEADER,
                    "description": "From the edge and from services of one's own: an HMAC over method, path, time and body.",
                },
            },
        },
    }))
}

/// What a request passes before its handler.
#[derive(Debug, Clone, Copy)]
struct Layers {
    /// A person's pace.
    paced: bool,
    /// `Idempotency-Key`.
    keyed: bool,
}

fn complete(operation: &mut Value, layers: Layers) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let body = operation.contains_key("requestBody");
    let secured = operation.get("security").and_then(Value::as_array);
    let secured = secured.cloned().unwrap_or_default();
    let signed = secured.iter().any(|one| one.get("signature").is_some());
    let asks = secured.iter().any(|one| *one == json!({}));
    let session = secured.iter().any(|one| one.get("access_token").is_some());
    if layers.keyed {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key is the same request: its first answer comes again for a day.",
                "schema": { "type": "string", "pattern": format!("^[!-~]{{1,{}}}$", caps::KEY_BYTES) },
            }));
        }
    }
    let parameters = operation.contains_key("parameters");
    let mut more: BTreeMap<&str, &str> = BTreeMap::from([("500", "`internal`"), ("503", "`unavailable`")]);
    if parameters || body {
        more.insert("400", "What was sent is not what is expected: `code` and `field` say what.");
    }
    if body || layers.keyed {
        more.insert("413", "`too_large`");
    }
    if body {
        more.insert("415", "`unsupported_media_type`");
    }
    if layers.keyed {
        more.insert("422", "`key_reused`");
    }
    if layers.paced {
        more.insert("429", "`too_fast`, `too_many_failures`");
    }
    if signed {
        more.insert("401", "`unsigned`, `signature_invalid`, `signature_stale`");
    } else if session && asks {
        more.insert("401", "`token_missing` for `me`, `token_invalid`, `token_expired`");
    } else if session {
        more.insert("401", "`token_missing`, `token_invalid`, `token_expired`, `session_revoked`");
    }
    let answers = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(answers) = answers.as_object_mut() else {
        return;
    };
    for (status, description) in more {
        let said = || json!({ "description": description });
        answers.entry(status).or_insert_with(said);
    }
    for (status, answer) in answers.iter_mut() {
        if let Some(answer) = answer.as_object_mut().filter(|_| status.as_str() >= "400") {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            let content = json!({ "application/problem+json": { "schema": schema } });
            answer.insert("content".into(), content);
            if status == "429" || status == "503" {
                let seconds = json!({ "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 1 } });
                answer.insert("headers".into(), json!({ "Retry-After": seconds }));
            }
        }
    }
    answers.sort_keys();
}

/// What the types do not say: limits of the region's on what is shared, and what only goes together or alone.
fn bounds() -> [(&'static str, Value); 5] {
    let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let none = json!({ "type": "null" });
    let begin = json!([
        { "required": ["guest"], "properties": { "guest": { "type": "object" }, "id_token": none } },
        { "required": ["id_token"], "properties": { "id_token": { "type": "string" }, "guest": none } },
    ]);
    let resolve = json!([
        { "properties": { "action": { "enum": ["none"] }, "reason": none, "until": none } },
        { "required": ["reason"], "properties": { "action": { "enum": ["ban"] }, "reason": named("Reason") } },
    ]);
    let record = json!({
        "players": { "maxItems": caps::SEATS },
        "started": named("Kept"),
        "ended": named("Kept"),
        "events": { "format": "uint64", "maximum": u64::MAX },
    });
    [
        ("Begin", json!({ "oneOf": begin })),
        ("Resolve", json!({ "oneOf": resolve })),
        ("MatchRecord", json!({ "properties": record })),
        ("Participant", json!({ "properties": { "name": { "maxLength": caps::NAME_CHARS } } })),
        ("Report", json!({ "properties": { "text": named("Words") } })),
    ]
}

/// Adds to a schema. What refers to another one is that one.
fn merge(schema: &mut Value, more: Value) {
    match (schema, more) {
        (Value::Object(schema), Value::Object(more)) if !more.contains_key("$ref") => {
            for (name, more) in more {
                merge(schema.entry(name).or_insert(Value::Null), more);
            }
        }
        (schema, more) => *schema = more,
    }
}

/// RFC 9457, with codes that never change.
fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let part = json!({
        "code": { "type": "string", "enum": codes },
        "detail": { "type": "string", "description": "What is wrong and how to mend it, for a person." },
        "field": { "type": "string", "description": "Where it is wrong." },
        "limit": { "type": "integer", "description": "How much there may be." },
    });
    let mut whole = part.clone();
    if let Some(whole) = whole.as_object_mut() {
        whole.extend([
            ("type".to_owned(), json!({ "type": "string", "format": "uri" })),
            ("title".to_owned(), json!({ "type": "string" })),
            ("status".to_owned(), json!({ "type": "integer" })),
            (
                "errors".to_owned(),
                json!({
                    "type": "array",
                    "description": "Where several things are wrong: each of them.",
                    "items": { "type": "object", "required": ["code", "detail"], "properties": part },
                }),
            ),
        ]);
    }
    json!({
        "type": "object",
        "description": "A problem document, as RFC 9457 has it.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": whole,
    })
}

fn object(value: Option<&mut Value>) -> Map<String, Value> {
    value.and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default()
}
