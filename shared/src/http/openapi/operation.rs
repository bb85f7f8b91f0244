//! One operation of the document.

use serde_json::{Map, Value, json};

/// A path template, a method and the operation.
pub type Route = (&'static str, &'static str, Operation);

/// An operation while it is built.
#[derive(Debug)]
pub struct Operation {
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

#[expect(clippy::needless_pass_by_value, reason = "schemas and examples are written where they are passed")]
impl Operation {
    /// Returns an operation with this operationId and tag. The first sentence of `text` is its summary, and the
    /// rest its description.
    pub fn new(id: &str, tag: &str, text: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("operationId".into(), id.into());
        fields.insert("tags".into(), json!([tag]));
        match text.split_once(". ") {
            Some((summary, description)) => {
                fields.insert("summary".into(), format!("{summary}.").into());
                fields.insert("description".into(), description.into());
            }
            None => {
                fields.insert("summary".into(), text.into());
            }
        }
        Self { fields, parameters: Vec::new(), responses: Map::new() }
    }

    /// Adds a path parameter.
    pub fn path_parameter(mut self, name: &str, schema: &str, example: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "schema": named(schema), "example": example,
        }));
        self
    }

    /// Adds a query parameter.
    pub fn query(
        mut self,
        name: &str,
        description: &str,
        required: bool,
        schema: Value,
        example: Option<&str>,
    ) -> Self {
        let mut parameter = json!({
            "name": name, "in": "query", "description": description, "required": required, "schema": schema,
        });
        if let (Some(parameter), Some(example)) = (parameter.as_object_mut(), example) {
            parameter.insert("example".into(), example.into());
        }
        self.parameters.push(parameter);
        self
    }

    /// Adds an optional header of the request.
    pub fn header(mut self, name: &str, description: &str, schema: Value) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "header", "description": description, "required": false, "schema": schema,
        }));
        self
    }

    /// Sets the JSON request body.
    pub fn body(mut self, schema: &str, required: bool, example: Value) -> Self {
        let content = json!({ "application/json": { "schema": named(schema), "example": example } });
        let body = json!({ "required": required, "content": content });
        self.fields.insert("requestBody".into(), body);
        self
    }

    /// Sets the security schemes, of which one is required. The empty name stands for no authentication.
    pub fn secured(mut self, schemes: &[&str]) -> Self {
        let requirement = |scheme: &&str| match *scheme {
            "" => json!({}),
            scheme => json!({ scheme: [] }),
        };
        let schemes: Vec<Value> = schemes.iter().map(requirement).collect();
        self.fields.insert("security".into(), schemes.into());
        self
    }

    /// Adds a JSON response; an example of null is none.
    pub fn json(mut self, status: u16, description: &str, schema: &str, example: Value) -> Self {
        let mut content = json!({ "schema": named(schema) });
        if let (Some(content), false) = (content.as_object_mut(), example.is_null()) {
            content.insert("example".into(), example);
        }
        let answer = json!({ "description": description, "content": { "application/json": content } });
        self.responses.insert(status.to_string(), answer);
        self
    }

    /// Adds a text response.
    pub fn text(mut self, status: u16, description: &str, media: &str, example: &str) -> Self {
        let content = json!({ media: { "schema": { "type": "string" }, "example": example } });
        let answer = json!({ "description": description, "content": content });
        self.responses.insert(status.to_string(), answer);
        self
    }

    /// Adds a response without a body.
    pub fn empty(mut self, status: u16, description: &str) -> Self {
        self.responses.insert(status.to_string(), json!({ "description": description }));
        self
    }

    /// Adds a problem response with its possible codes.
    pub fn problem(mut self, status: u16, codes: &str) -> Self {
        let content = json!({ "application/problem+json": { "schema": named("Problem") } });
        let mut answer = json!({ "description": codes, "content": content });
        if let (Some(answer), 429 | 503) = (answer.as_object_mut(), status) {
            let seconds = json!({ "type": "integer", "minimum": 1 });
            let header = json!({ "description": "Seconds to wait before the next request.", "required": true, "schema": seconds });
            answer.insert("headers".into(), json!({ "Retry-After": header }));
        }
        self.responses.entry(status.to_string()).or_insert(answer);
        self
    }

    /// Adds what cached responses have: the headers of a cached entry, and the conditional request.
    pub fn cached(mut self) -> Self {
        let text = |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
        let headers = json!({
            "ETag": text("The version of the response.", json!({ "type": "string" })),
            "Age": text("The age of the cached entry, seconds.", json!({ "type": "integer", "minimum": 0 })),
            "X-Cache": text("`hit`: served from the cache. `stale`: served from the cache because the region does not answer.", json!({ "type": "string", "enum": ["hit", "miss", "stale"] })),
        });
        if let Some(answer) = self.responses.get_mut("200").and_then(Value::as_object_mut) {
            answer.insert("headers".into(), headers.clone());
        }
        let known = json!({ "description": "The caller's version is current.", "headers": headers });
        self.responses.insert("304".into(), known);
        self.parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of the caller's version.",
            "schema": { "type": "string" },
        }));
        self
    }

    /// Adds the upgrade to a socket. A refused upgrade is also a socket, which is closed at once with a code.
    pub fn socket(mut self, description: &str) -> Self {
        let protocol = json!({
            "description": "`matchpoint.v1`, if it was offered together with `matchpoint.bearer.<access token>`.",
            "schema": { "type": "string" },
        });
        let answer = json!({
            "description": format!("A socket, if `Upgrade: websocket` requests one. {description}"),
            "headers": { "Sec-WebSocket-Protocol": protocol },
        });
        self.responses.insert("101".into(), answer);
        self
    }

    /// Returns the operation with the responses that every route may return.
    pub fn build(mut self, rate_limited: bool) -> Value {
        if rate_limited {
            self = self.problem(429, "`too_fast`");
        }
        self = self.problem(500, "`internal`").problem(503, "`unavailable`");
        if !self.parameters.is_empty() {
            self.fields.insert("parameters".into(), self.parameters.into());
        }
        self.responses.sort_keys();
        self.fields.insert("responses".into(), self.responses.into());
        self.fields.into()
    }
}
