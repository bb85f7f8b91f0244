//! Builds the OpenAPI 3.1 document of the region from the routes themselves.
//!
//! Each handler describes its own parameters, body and responses. This module adds what the layers in front
//! of it contribute, by the group of the route (see [`groups`]).

pub mod examples;

use crate::error::code::Code;
use crate::routes::groups;
use serde_json::{Map, Value, json};
use shared::limits;
use std::collections::BTreeMap;

/// Builds the document.
pub fn document() -> serde_json::Result<Value> {
    let (mut paths, mut schemas) = described()?;
    for (name, schema) in crate::schemas::all() {
        schemas.insert(name.into(), schema);
    }
    schemas.insert("Problem".into(), problem());
    for (name, schema) in bodies() {
        schemas.insert(name.into(), schema);
    }
    for (name, constraints) in constraints() {
        if let Some(schema) = schemas.get_mut(name) {
            merge(schema, constraints);
        }
    }
    examples::add(&mut paths)?;
    paths.sort_keys();
    schemas.sort_keys();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Matchpoint: the region",
            "description": "Sessions, profiles, social lists, moderation, match history and ratings. docs/protocol.md explains the terms.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes() },
    }))
}

/// Returns the paths of all route groups, completed with what their layers add, and the schemas that they
/// refer to.
fn described() -> serde_json::Result<(Map<String, Value>, Map<String, Value>)> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for (group, layers) in [
        (groups::internal(), Layers { rate_limited: false, keyed: false }),
        (groups::internal_once(), Layers { rate_limited: false, keyed: false }),
        (groups::keyed(), Layers { rate_limited: true, keyed: true }),
        (groups::rate_limited(), Layers { rate_limited: true, keyed: false }),
        (groups::open(), Layers { rate_limited: false, keyed: false }),
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
    Ok((paths, schemas))
}

fn security_schemes() -> Value {
    json!({
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of `POST /v1/sessions`. It is valid for ten minutes.",
        },
        "service_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the operator's own backend, `mk_…`, that `cargo xtask keys` created, with the scope of the route.",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": shared::sign::HEADER,
            "description": "The signature of the edge or another internal service: an HMAC over method, path, time and body.",
        },
    })
}

/// The layers that a request passes before its handler.
#[derive(Debug, Clone, Copy)]
struct Layers {
    /// The rate limit per caller.
    rate_limited: bool,
    /// The `Idempotency-Key` header.
    keyed: bool,
}

/// The credentials that an operation accepts.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a scheme of the document")]
struct Security {
    signature: bool,
    access_token: bool,
    service_key: bool,
    /// True if the operation also answers without credentials.
    optional: bool,
}

/// Adds to an operation the parameter and the responses of its layers.
fn complete(operation: &mut Value, layers: Layers) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    if layers.keyed {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(idempotency_key());
        }
    }
    let added = layer_responses(operation, layers);
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else {
        return;
    };
    for (status, description) in added {
        responses.entry(status).or_insert_with(|| json!({ "description": description }));
    }
    for (status, response) in responses.iter_mut() {
        if let Some(response) = response.as_object_mut().filter(|_| status.as_str() >= "400") {
            add_problem(status, response);
        }
    }
    responses.sort_keys();
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A repeated request with the same key returns the first response, for a day.",
        "schema": { "type": "string", "pattern": format!("^[!-~]{{1,{}}}$", limits::KEY_BYTES_MAX) },
    })
}

/// Returns the error responses that the layers and the extractors add, by status.
fn layer_responses(operation: &Map<String, Value>, layers: Layers) -> BTreeMap<&'static str, &'static str> {
    let body = operation.contains_key("requestBody");
    let parameters = operation.contains_key("parameters");
    let mut responses = BTreeMap::from([("500", "`internal`"), ("503", "`unavailable`")]);
    if parameters || body {
        responses.insert("400", "The request is not valid: `code` and `field` name the fault.");
    }
    if body || layers.keyed {
        responses.insert("413", "`too_large`");
    }
    if body {
        responses.insert("415", "`unsupported_media_type`");
    }
    if layers.keyed {
        responses.insert("422", "`key_reused`");
    }
    if layers.rate_limited {
        responses.insert("429", "`too_fast`, `too_many_failures`");
    }
    let unauthorized = match security(operation) {
        Security { signature: true, .. } => "`unsigned`, `signature_invalid`, `signature_stale`",
        Security { access_token: true, optional: true, .. } => {
            "`token_missing` for `me`, `token_invalid`, `token_expired`"
        }
        Security { access_token: true, .. } => {
            "`token_missing`, `token_invalid`, `token_expired`, `session_revoked`"
        }
        Security { service_key: true, .. } => "`token_invalid`",
        Security { .. } => return responses,
    };
    responses.insert("401", unauthorized);
    responses
}

fn security(operation: &Map<String, Value>) -> Security {
    let schemes = operation.get("security").and_then(Value::as_array);
    let any = |is: &dyn Fn(&Value) -> bool| schemes.is_some_and(|schemes| schemes.iter().any(is));
    Security {
        signature: any(&|scheme| scheme.get("signature").is_some()),
        access_token: any(&|scheme| scheme.get("access_token").is_some()),
        service_key: any(&|scheme| scheme.get("service_key").is_some()),
        optional: any(&|scheme| *scheme == json!({})),
    }
}

/// Describes the body of an error response, and its `Retry-After` header.
fn add_problem(status: &str, response: &mut Map<String, Value>) {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    response.insert("content".into(), json!({ "application/problem+json": { "schema": schema } }));
    if status == "429" || status == "503" {
        let seconds =
            json!({ "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 1 } });
        response.insert("headers".into(), json!({ "Retry-After": seconds }));
    }
}

/// Returns the constraints that the types do not express: the region's limits on shared types, and fields
/// that exclude or require each other.
fn constraints() -> [(&'static str, Value); 7] {
    let record = json!({
        "players": { "maxItems": limits::SEATS_MAX },
        "started": named("StoredTime"),
        "ended": named("StoredTime"),
        "events": { "format": "uint64", "maximum": u64::MAX },
    });
    // An event is a pair: its time, and an object with the name of the event.
    let event = json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": named("AnyJson") });
    let replay = json!({
        "seats": { "maximum": limits::SEATS_MAX },
        "seed": { "pattern": "^[0-9a-f]{32}$" },
        "events": { "items": event },
    });
    let text = json!({ "maxLength": limits::AUDIT_TEXT_CHARS_MAX });
    let entry = json!({ "at": named("StoredTime"), "action": text, "detail": text });
    [
        ("AuditEntry", json!({ "properties": entry })),
        (
            "OpenedRoom",
            json!({ "properties": { "players": { "maxItems": limits::SEATS_MAX }, "created": named("StoredTime") } }),
        ),
        ("MatchRecord", json!({ "properties": record })),
        ("Participant", json!({ "properties": { "name": { "maxLength": limits::NAME_CHARS_MAX } } })),
        ("Report", json!({ "properties": { "text": named("FreeText") } })),
        (
            "ModeOutcome",
            json!({ "properties": { "ranks": { "items": { "format": "int64", "maximum": u32::MAX } } } }),
        ),
        ("Replay", json!({ "properties": replay })),
    ]
}

/// Returns the schemas of bodies with several forms. Each form is a schema of its own, because generators of clients
/// make a type of each, and cannot combine a form with fields that all forms share.
fn bodies() -> Vec<(&'static str, Value)> {
    let mut bodies = session_bodies();
    let until = json!({ "oneOf": [named("Timestamp"), absent()], "description": "The end of the ban; absent for a permanent ban." });
    bodies.extend([
        (
            "NewResolution",
            one_of("The body of `POST /v1/reports/{report}/resolve`.", &["NewDismissal", "NewBanResolution"]),
        ),
        (
            "NewDismissal",
            form(
                "Closes a report without a consequence.",
                &["action"],
                json!({ "action": { "type": "string", "enum": ["none"] }, "reason": absent(), "until": absent() }),
            ),
        ),
        (
            "NewBanResolution",
            form(
                "Closes a report with a ban.",
                &["action", "reason"],
                json!({ "action": { "type": "string", "enum": ["ban"] }, "reason": named("Reason"), "until": until }),
            ),
        ),
    ]);
    bodies
}

/// Returns the forms of the body that creates a session.
fn session_bodies() -> Vec<(&'static str, Value)> {
    let text = |description: &str| json!({ "type": ["string", "null"], "description": description });
    let forms = ["guest", "id_token", "external"];
    let session = |description: &str, field: &str, value: Value| {
        let mut properties: Map<String, Value> =
            forms.into_iter().map(|form| (form.to_owned(), absent())).collect();
        properties.insert(field.to_owned(), value);
        properties.insert(
            "label".to_owned(),
            text("The name of the device; its owner sees it in the list of sessions."),
        );
        properties.insert(
            "nonce".to_owned(),
            text("The nonce that the app sent to the provider for this login. Required if the id token has one."),
        );
        form(description, &[field], properties.into())
    };
    vec![
        (
            "NewSession",
            one_of(
                "The body of `POST /v1/sessions`.",
                &["NewGuestSession", "NewIdTokenSession", "NewExternalSession"],
            ),
        ),
        ("NewGuestSession", session("A session of a new guest.", "guest", named("Guest"))),
        (
            "NewIdTokenSession",
            session("A session of the player of an id token.", "id_token", named("IdToken")),
        ),
        (
            "NewExternalSession",
            session("A session of a user of the operator's own backend.", "external", named("External")),
        ),
    ]
}

fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn absent() -> Value {
    json!({ "type": "null" })
}

fn one_of(description: &str, forms: &[&str]) -> Value {
    let forms: Vec<Value> = forms.iter().map(|form| named(form)).collect();
    json!({ "description": description, "oneOf": forms })
}

#[expect(clippy::needless_pass_by_value, reason = "properties are written where they are passed")]
fn form(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

/// Merges constraints into a schema. A reference replaces the schema.
fn merge(schema: &mut Value, constraints: Value) {
    match (schema, constraints) {
        (Value::Object(schema), Value::Object(constraints)) if !constraints.contains_key("$ref") => {
            for (name, constraint) in constraints {
                merge(schema.entry(name).or_insert(Value::Null), constraint);
            }
        }
        (schema, constraints) => *schema = constraints,
    }
}

/// Returns the schema of problem documents (RFC 9457), with every error code.
fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let part = json!({
        "code": { "type": "string", "enum": codes },
        "detail": { "type": "string", "description": "The error, the limit and the fix, for a person." },
        "field": { "type": "string", "description": "The field, parameter or header at fault." },
        "limit": { "type": "integer", "description": "The limit that the request exceeds." },
    });
    let mut whole = part.clone();
    if let Some(whole) = whole.as_object_mut() {
        whole.extend([
            ("type".to_owned(), json!({ "type": "string", "format": "uri" })),
            ("title".to_owned(), json!({ "type": "string" })),
            ("status".to_owned(), json!({ "type": "integer" })),
            (
                "trace".to_owned(),
                json!({ "type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The trace id, which finds the request in the logs." }),
            ),
            (
                "errors".to_owned(),
                json!({
                    "type": "array",
                    "description": "Every fault, if there are several.",
                    "items": { "type": "object", "required": ["code", "detail"], "properties": part },
                }),
            ),
        ]);
    }
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": whole,
    })
}

/// Takes the object out of a value; empty for anything else.
fn object(value: Option<&mut Value>) -> Map<String, Value> {
    value.and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default()
}
