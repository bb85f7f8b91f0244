//! The examples of the document: one story of requests and responses, in an order in which they can run.

use serde::Deserialize;
use serde_json::{Map, Value};

const STORY: &str = include_str!("examples.json");

/// A request of the story with its response.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The operationId of the route.
    pub operation: String,
    /// The caller: a player such as `ana`, `edge` for a signed request, or none.
    #[serde(rename = "as")]
    pub caller: Option<String>,
    /// The values of path, query and header parameters.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    pub body: Option<Value>,
    pub status: u16,
    /// The response body, if it is JSON and not the document itself.
    #[serde(rename = "answer")]
    pub response: Option<Value>,
}

/// Returns the steps of the story.
pub fn story() -> serde_json::Result<Vec<Step>> {
    serde_json::from_str(STORY)
}

/// Adds each step to its operation. The first step of an operation counts.
pub(super) fn add(paths: &mut Map<String, Value>) -> serde_json::Result<()> {
    let story = story()?;
    for item in paths.values_mut() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let id = operation.get("operationId").and_then(Value::as_str);
            let step = story.iter().find(|step| Some(step.operation.as_str()) == id);
            if let Some(step) = step {
                add_example(operation, step);
            }
        }
    }
    Ok(())
}

fn add_example(operation: &mut Value, step: &Step) {
    let parameters = operation.get_mut("parameters");
    for parameter in
        parameters.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
    {
        let name = parameter.get("name").and_then(Value::as_str);
        let value = name.and_then(|name| step.parameters.get(name)).cloned();
        parameter.extend(value.map(|value| ("example".to_owned(), value)));
    }
    if let Some(body) = &step.body {
        set_example(operation.pointer_mut("/requestBody/content"), body);
    }
    if let Some(response) = &step.response {
        let pointer = format!("/responses/{}/content", step.status);
        set_example(operation.pointer_mut(&pointer), response);
    }
}

fn set_example(content: Option<&mut Value>, example: &Value) {
    for media in content
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
    {
        media.insert("example".into(), example.clone());
    }
}
