//! What is said of one route.

use serde_json::{Map, Value, json};

/// A route's description while it is put together.
#[derive(Debug)]
pub struct Operation {
    said: Map<String, Value>,
    parameters: Vec<Value>,
    answers: Map<String, Value>,
}

fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

#[expect(clippy::needless_pass_by_value, reason = "schemas and examples are written where they are passed")]
impl Operation {
    /// Under this id, with what it does.
    pub fn new(id: &str, tag: &str, says: &str) -> Self {
        let mut said = Map::new();
        said.insert("operationId".into(), id.into());
        said.insert("tags".into(), json!([tag]));
        said.insert("summary".into(), says.into());
        Self { said, parameters: Vec::new(), answers: Map::new() }
    }

    /// A part of the path.
    pub fn part(mut self, name: &str, schema: &str, example: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "schema": named(schema), "example": example,
        }));
        self
    }

    /// A part of the query.
    pub fn asks(
        mut self,
        name: &str,
        says: &str,
        required: bool,
        schema: Value,
        example: Option<&str>,
    ) -> Self {
        let mut parameter = json!({
            "name": name, "in": "query", "description": says, "required": required, "schema": schema,
        });
        if let (Some(parameter), Some(example)) = (parameter.as_object_mut(), example) {
            parameter.insert("example".into(), example.into());
        }
        self.parameters.push(parameter);
        self
    }

    /// A JSON body.
    pub fn takes(mut self, schema: &str, required: bool, example: Value) -> Self {
        let content = json!({ "application/json": { "schema": named(schema), "example": example } });
        let body = json!({ "required": required, "content": content });
        self.said.insert("requestBody".into(), body);
        self
    }

    /// Who may: one of these. The empty one is anybody.
    pub fn secured(mut self, schemes: &[&str]) -> Self {
        let one = |scheme: &&str| match *scheme {
            "" => json!({}),
            scheme => json!({ scheme: [] }),
        };
        let schemes: Vec<Value> = schemes.iter().map(one).collect();
        self.said.insert("security".into(), schemes.into());
        self
    }

    /// An answer in JSON.
    pub fn answers(mut self, status: u16, says: &str, schema: &str, example: Value) -> Self {
        let content = json!({ "application/json": { "schema": named(schema), "example": example } });
        let answer = json!({ "description": says, "content": content });
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// An answer in text.
    pub fn says(mut self, status: u16, says: &str, media: &str, example: &str) -> Self {
        let content = json!({ media: { "schema": { "type": "string" }, "example": example } });
        let answer = json!({ "description": says, "content": content });
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// A refusal, with the codes it may have.
    pub fn refuses(mut self, status: u16, codes: &str) -> Self {
        let content = json!({ "application/problem+json": { "schema": named("Problem") } });
        let mut answer = json!({ "description": codes, "content": content });
        if let (Some(answer), 429 | 503) = (answer.as_object_mut(), status) {
            let seconds = json!({ "type": "integer", "minimum": 1 });
            let header = json!({ "description": "Seconds to wait.", "required": true, "schema": seconds });
            answer.insert("headers".into(), json!({ "Retry-After": header }));
        }
        self.answers.entry(status.to_string()).or_insert(answer);
        self
    }

    /// What comes from a copy says how old it is, and is asked for again by its version.
    pub fn copied(mut self) -> Self {
        let text =
            |says: &str, schema: Value| json!({ "description": says, "required": true, "schema": schema });
        let headers = json!({
            "ETag": text("Its version.", json!({ "type": "string" })),
            "Age": text("How old the copy is, seconds.", json!({ "type": "integer", "minimum": 0 })),
            "X-Cache": text("`hit`: the region was not asked. `stale`: it does not answer.", json!({ "type": "string", "enum": ["hit", "miss", "stale"] })),
        });
        if let Some(answer) = self.answers.get_mut("200").and_then(Value::as_object_mut) {
            answer.insert("headers".into(), headers.clone());
        }
        let known = json!({ "description": "As one has it.", "headers": headers });
        self.answers.insert("304".into(), known);
        self.parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "An `ETag` that one has.",
            "schema": { "type": "string" },
        }));
        self
    }

    /// With `Upgrade: websocket` it is a socket, and so is every refusal of one: it is closed at once, with a code.
    pub fn socket(mut self, says: &str) -> Self {
        let protocol = json!({
            "description": "`matchpoint.v1`, where it was offered beside `matchpoint.bearer.<access token>`.",
            "schema": { "type": "string" },
        });
        let answer = json!({
            "description": format!("A socket, where `Upgrade: websocket` asks for one. {says}"),
            "headers": { "Sec-WebSocket-Protocol": protocol },
        });
        self.answers.insert("101".into(), answer);
        self
    }

    /// All of it, with what any route may answer.
    pub fn done(mut self, paced: bool) -> Value {
        if paced {
            self = self.refuses(429, "`too_fast`");
        }
        self = self.refuses(500, "`internal`").refuses(503, "`unavailable`");
        if !self.parameters.is_empty() {
            self.said.insert("parameters".into(), self.parameters.into());
        }
        self.answers.sort_keys();
        self.said.insert("responses".into(), self.answers.into());
        self.said.into()
    }
}
