//! What goes in and what comes out, as one story: the examples of the document, in an order in which they can be run.

use serde::Deserialize;
use serde_json::{Map, Value};

const STORY: &str = include_str!("examples.json");

/// A request of the story, and its answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which route is asked.
    pub operation: String,
    /// Who asks: `ana`, whose session the story begins, somebody else, `edge`, or nobody.
    #[serde(rename = "as")]
    pub who: Option<String>,
    /// What stands in the path, the query and the headers.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// What is sent.
    pub body: Option<Value>,
    /// The status of the answer.
    pub status: u16,
    /// What is answered, where it is JSON and no document.
    pub answer: Option<Value>,
}

/// The story.
pub fn story() -> serde_json::Result<Vec<Step>> {
    serde_json::from_str(STORY)
}

/// Puts each step at its route. Where a route is asked twice the first time counts.
pub(super) fn add(paths: &mut Map<String, Value>) -> serde_json::Result<()> {
    let story = story()?;
    for item in paths.values_mut() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let id = operation.get("operationId").and_then(Value::as_str);
            let step = story.iter().find(|step| Some(step.operation.as_str()) == id);
            if let Some(step) = step {
                illustrate(operation, step);
            }
        }
    }
    Ok(())
}

fn illustrate(operation: &mut Value, step: &Step) {
    let parameters = operation.get_mut("parameters");
    for parameter in
        parameters.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
    {
        let name = parameter.get("name").and_then(Value::as_str);
        let value = name.and_then(|name| step.parameters.get(name)).cloned();
        parameter.extend(value.map(|value| ("example".to_owned(), value)));
    }
    if let Some(body) = &step.body {
        show(operation.pointer_mut("/requestBody/content"), body);
    }
    if let Some(answer) = &step.answer {
        let place = format!("/responses/{}/content", step.status);
        show(operation.pointer_mut(&place), answer);
    }
}

fn show(content: Option<&mut Value>, example: &Value) {
    for media in content
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
    {
        media.insert("example".into(), example.clone());
    }
}
