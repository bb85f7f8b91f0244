//! Are the examples of the documents what is sent and answered? All of them, in order, against the real servers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use jsonschema::Validator;
use reqwest::{Client, Method, Request, Url};
use serde_json::{Map, Value, json};
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use tests::stack;
use xtask::secrets::Secrets;
use xtask::stack::Stack;
use xtask::wire::Server;

use super::{EDGE, REGION, operations, read};

/// As the examples have it.
const AGENT: &str = "Chess/1.0 (Android 17)";
/// The edge's routes in an order in which they can be asked, and who asks.
const EDGES: &[(&str, &str)] = &[
    ("health", ""),
    ("ready", ""),
    ("metrics", ""),
    ("config", ""),
    ("rooms_open", "ana"),
    ("rooms_look", ""),
    ("lobbies_wait", ""),
    ("me_listen", ""),
    ("presence_look", "ana"),
    ("notices_receive", "region"),
    ("profiles_list", ""),
    ("profiles_show", ""),
    ("page", ""),
    ("docs", ""),
    ("document", ""),
];
/// What is another in each deployment: its schema alone is looked at.
const OWN: &[&str] = &["config", "document", "operations_jwks"];
/// Fields that are others each time, beside ids and moments. How sure a rating is changes with the days.
const FREE: &[&str] = &["access_token", "refresh_token", "url", "cursor", "store_ms", "deviation", "score"];
/// Milliseconds since 1970 are beyond this.
const LONG_AGO: u64 = 1_700_000_000_000;

#[tokio::test]
async fn every_example_is_sent_and_answered_as_it_stands() -> Result<()> {
    let (stack, moderator) = moderated().await?;
    let secrets = Secrets::of(stack.data())?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;

    let mut edge = Reader::of(EDGE, stack.edge_url(), &secrets.region_to_edge_keys)?;
    for name in ["ana", "ben"] {
        edge.meet(&server, name).await?;
    }
    edge.all(EDGES.iter().copied()).await?;

    let mut region = Reader::of(REGION, stack.region_url(), &secrets.edge_to_region_keys)?;
    region.bind("p_mod", &moderator.id);
    region.tokens.insert("mod".into(), moderator.token);
    for name in ["ben", "eve", "zoe"] {
        region.meet(&server, name).await?;
    }
    let story = regional::openapi::examples::story()?;
    let order = story.iter().map(|step| {
        let who = step.who.as_deref().unwrap_or_default();
        (step.operation.as_str(), who)
    });
    region.all(order).await?;
    stack.stop().await;
    Ok(())
}

/// A stack with a moderator. One is named where the region starts, so it starts twice on the same data.
async fn moderated() -> Result<(Stack, xtask::wire::Player)> {
    let mut kept = None;
    let first = stack::start_with(|options| kept = Some(options.clone())).await?;
    let server = Server::at(first.edge_url(), first.region_url())?;
    let moderator = server.guest("Moderator").await?;
    first.stop().await;
    drop(first);
    let mut again = kept.context("options")?;
    let named = ("MODERATORS".to_owned(), moderator.id.clone());
    again.region_env.extend([named]);
    let fast = ["RATE_PER_S", "RATE_BURST"].map(|name| (name.to_owned(), "1000".to_owned()));
    again.region_env.extend(fast);
    let stack = stack::start_with(|options| *options = again).await?;
    Ok((stack, moderator))
}

/// Somebody who does what a document says.
struct Reader {
    document: Value,
    url: String,
    keys: SignKeys,
    http: Client,
    tokens: BTreeMap<String, String>,
    /// What stands in the examples, and what it is here.
    real: BTreeMap<String, String>,
}

impl Reader {
    fn of(file: &str, url: &str, keys: &str) -> Result<Self> {
        let keys = keys.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Self {
            document: read(file)?,
            url: url.to_owned(),
            keys,
            http: Client::builder().user_agent(AGENT).no_proxy().build()?,
            tokens: BTreeMap::new(),
            real: BTreeMap::new(),
        })
    }

    fn bind(&mut self, example: &str, real: &str) {
        self.real.insert(example.to_owned(), real.to_owned());
    }

    /// Somebody of the examples, `p_ben` in `s_ben`.
    async fn meet(&mut self, server: &Server, name: &str) -> Result<()> {
        let (first, rest) = name.split_at(1);
        let guest = server.guest(&format!("{}{rest}", first.to_uppercase())).await?;
        self.bind(&format!("p_{name}"), &guest.id);
        let (sid, _) = guest.refresh_token.split_once('.').context("no sid")?;
        self.bind(&format!("s_{name}"), sid);
        self.tokens.insert(name.to_owned(), guest.token);
        Ok(())
    }

    /// Asks all of it; nothing of the document may be left.
    async fn all<'a>(&mut self, order: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let mut left: BTreeSet<String> = operations(&self.document)
            .into_iter()
            .filter_map(|(.., said)| said["operationId"].as_str().map(str::to_owned))
            .collect();
        for (operation, who) in order {
            self.ask(operation, who).await.with_context(|| operation.to_owned())?;
            left.remove(operation);
        }
        ensure!(left.is_empty(), "nobody asked {left:?}");
        Ok(())
    }

    async fn ask(&mut self, operation: &str, who: &str) -> Result<()> {
        let document = self.document.clone();
        let (path, method, said) = operations(&document)
            .into_iter()
            .find(|(.., said)| said["operationId"] == operation)
            .context("it is not in the document")?;
        let request = self.request(path, &method, said, who)?;
        let answer = self.http.execute(request).await?;

        let statuses = said["responses"].as_object().context("no answers")?;
        let expected = |status: &&String| ("200".."600").contains(&status.as_str());
        let shown = |status: &&String| has_example(&statuses[status.as_str()]);
        let status = statuses.keys().find(shown);
        let status = status.or_else(|| statuses.keys().find(expected)).context("no status")?;
        let got = answer.status().as_u16().to_string();
        let media = answer.headers().get("content-type").cloned();
        let text = answer.text().await?;
        ensure!(got == *status, "{got} in place of {status}: {text}");

        let Some(content) = statuses[status]["content"].as_object() else {
            ensure!(text.is_empty(), "a body where there is none: {text}");
            return Ok(());
        };
        let (documented, content) = content.iter().next().context("no media")?;
        let media = media.context("no media")?;
        ensure!(*documented == media.to_str()?, "{media:?} in place of {documented}");
        if !documented.contains("json") {
            return Ok(());
        }
        let answer: Value = serde_json::from_str(&text)?;
        let schema = self.schema(&content["schema"])?;
        valid(&schema, &answer)?;
        let example = &content["example"];
        if example.is_null() || OWN.contains(&operation) {
            return Ok(());
        }
        valid(&schema, example).context("the example")?;
        self.same("", example, &answer).with_context(|| format!("{answer}"))?;
        if let (Some("p_ana"), Some(token)) = (example["player"].as_str(), answer["access_token"].as_str()) {
            self.tokens.insert("ana".into(), token.to_owned());
        }
        Ok(())
    }

    fn request(&self, path: &str, method: &str, said: &Value, who: &str) -> Result<Request> {
        let (mut path, mut query, mut headers) = (path.to_owned(), Vec::new(), Vec::new());
        for parameter in said["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().context("no name")?;
            let example = &parameter["example"];
            if example.is_null() {
                ensure!(parameter["required"] != true, "no example of {name}");
                continue;
            }
            valid(&self.schema(&parameter["schema"])?, example).context(name.to_owned())?;
            let value = match self.here(example) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &value),
                Some("query") => query.push((name, value)),
                _ => headers.push((name, value)),
            }
        }
        let mut url: Url = format!("{}{path}", self.url).parse()?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let content = &said["requestBody"]["content"]["application/json"];
        let body = if said["requestBody"].is_null() {
            String::new()
        } else {
            valid(&self.schema(&content["schema"])?, &content["example"]).context("the body")?;
            self.here(&content["example"]).to_string()
        };
        let mut request = self.http.request(Method::from_bytes(method.as_bytes())?, url.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        request = match who {
            "" => request,
            "edge" | "region" => {
                let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                let asked = format!("{}{query}", url.path());
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
                let now = Time::from_ms(shared::time::ms(now));
                let signature = self.keys.sign(now, "example", method, &asked, body.as_bytes());
                request.header(HEADER, signature)
            }
            name => request.bearer_auth(self.tokens.get(name).context("nobody of that name")?),
        };
        Ok(request.body(body).build()?)
    }

    /// A schema of the document, with everything that it refers to.
    fn schema(&self, schema: &Value) -> Result<Validator> {
        let whole = json!({ "components": self.document["components"], "allOf": [schema] });
        let options = jsonschema::options().should_validate_formats(true);
        Ok(options.build(&whole)?)
    }

    /// An example, with what its names are here.
    fn here(&self, example: &Value) -> Value {
        match example {
            Value::String(text) => {
                let mut names: Vec<_> = self.real.iter().collect();
                names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
                let put = |text: String, (name, real): (&String, &String)| text.replace(name, real);
                names.into_iter().fold(text.clone(), put).into()
            }
            Value::Array(items) => items.iter().map(|item| self.here(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, field)| (name.clone(), self.here(field)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => example.clone(),
        }
    }

    /// Whether an answer is the example, but for what is another each time. New ids are remembered by their names.
    fn same(&mut self, field: &str, example: &Value, answer: &Value) -> Result<()> {
        match (example, answer) {
            (Value::Object(example), Value::Object(answer)) => {
                let names = |of: &Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
                let (said, got) = (names(example), names(answer));
                ensure!(said == got, "{field}: {got:?} in place of {said:?}");
                for (name, example) in example {
                    self.same(name, example, &answer[name])?;
                }
            }
            (Value::Array(example), Value::Array(answer)) => {
                ensure!(example.len() == answer.len(), "{field}: another number of them");
                for (example, answer) in example.iter().zip(answer) {
                    self.same(field, example, answer)?;
                }
            }
            (Value::String(said), Value::String(got)) if named(said) || FREE.contains(&field) => {
                let real = self.real.entry(said.clone()).or_insert_with(|| got.clone());
                // Of tokens and addresses there is a new one each time.
                ensure!(real == got || FREE.contains(&field), "{field}: {got} in place of {real}");
            }
            (Value::String(said), Value::String(got)) if is_moment(said) && is_moment(got) => {}
            (Value::Number(said), Value::Number(got)) if late(said) && late(got) => {}
            (Value::Number(_), Value::Number(_)) if FREE.contains(&field) => {}
            _ if example == answer => {}
            _ => bail!("{field}: {answer} in place of {example}"),
        }
        Ok(())
    }
}

fn has_example(response: &Value) -> bool {
    let content = response["content"].as_object();
    content.is_some_and(|all| all.values().any(|one| !one["example"].is_null()))
}

fn valid(schema: &Validator, value: &Value) -> Result<()> {
    let faults: Vec<String> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    ensure!(faults.is_empty(), "{value}: {}", faults.join("; "));
    Ok(())
}

/// Whether a text is the name of somebody or something: `p_ana`.
fn named(text: &str) -> bool {
    ["p_", "s_", "m_", "r_", "i_", "b_"].iter().any(|kind| text.starts_with(kind))
}

fn is_moment(text: &str) -> bool {
    text.ends_with('Z') && text.len() >= 20 && text.as_bytes()[10] == b'T'
}

fn late(number: &serde_json::Number) -> bool {
    number.as_u64().is_some_and(|ms| ms > LONG_AGO)
}
