//! Sends every example of the documents to the real servers, in order, and compares the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jsonschema::Validator;
use reqwest::{Client, Method, Request, Url};
use serde_json::{Map, Value, json};
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use tests::receiver::{Receiver, Reply, SECRET};
use tests::stack;
use xtask::secrets::Secrets;
use xtask::stack::Stack;
use xtask::wire::Server;

use super::{EDGE, REGION, operations, read};

/// The user agent of the examples.
const AGENT: &str = "Chess/1.0 (Android 17)";
/// The operations of the edge in an order in which they can be called, and their caller.
const EDGES: &[(&str, &str)] = &[
    ("getHealth", ""),
    ("getReadiness", ""),
    ("getStatusPage", ""),
    ("getStatus", ""),
    ("getMetrics", ""),
    ("getConfig", ""),
    ("createRoom", "ana"),
    ("getRoom", ""),
    ("sendRoomCommands", "service"),
    ("getRoomLog", "service"),
    ("inspectRoom", "service"),
    ("inspectPlayer", "service"),
    ("releasePlayer", "service"),
    ("notifyPlayer", "service"),
    ("listQueues", "service"),
    ("listTickets", "service"),
    ("putTicket", "service"),
    ("getTicket", "service"),
    ("cancelTicket", "service"),
    ("openLobbySocket", ""),
    ("openMeSocket", ""),
    ("getPresence", "ana"),
    ("receiveNotices", "region"),
    ("listProfiles", ""),
    ("getProfile", ""),
    ("getDemoPage", ""),
    ("getDocsPage", ""),
    ("getOpenApiDocument", ""),
];
/// Operations whose answers differ per deployment: only their schema is checked.
const SCHEMA_ONLY: &[&str] =
    &["getConfig", "getOpenApiDocument", "getHealth", "getJwks", "getStatus", "listQueues"];
/// Fields that differ in each run, besides ids and times. The deviation of a rating changes with time.
const VARIABLE: &[&str] =
    &["access_token", "refresh_token", "url", "cursor", "store_ms", "deviation", "score", "unconfirmed"];
/// Numbers above this are times in milliseconds since 1970.
const LONG_AGO: u64 = 1_700_000_000_000;
/// The time at which the examples are set: 2026-11-21T09:30:00.123Z.
const EXAMPLE_NOW_MS: u64 = 1_795_253_400_123;

#[tokio::test]
async fn every_example_is_accepted_and_answered_as_documented() -> Result<()> {
    // An endpoint that wants no event: what happens to its events can be read at once.
    let receiver = Receiver::start().await?;
    receiver.reply(Reply::Status(410));
    let (stack, moderator) = moderated(&receiver).await?;
    let secrets = Secrets::of(stack.data())?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;

    let mut edge = Reader::of(EDGE, stack.edge_url(), &secrets.region_to_edge_keys)?;
    for name in ["ana", "ben"] {
        edge.add_guest(&server, name).await?;
    }
    edge.tokens.insert("service".into(), stack.service_key().to_owned());
    edge.all(EDGES.iter().copied()).await?;

    let mut region = Reader::of(REGION, stack.region_url(), &secrets.edge_to_region_keys)?;
    region.bind("p_mod", &moderator.id);
    region.tokens.insert("mod".into(), moderator.token);
    region.tokens.insert("service".into(), stack.service_key().to_owned());
    for name in ["ben", "eve", "zoe"] {
        region.add_guest(&server, name).await?;
    }
    erase_a_player(&server, &stack).await?;
    let story = regional::openapi::examples::story()?;
    let order = story.iter().map(|step| {
        let who = step.caller.as_deref().unwrap_or_default();
        (step.operation.as_str(), who)
    });
    region.all(order).await?;
    stack.stop().await;
    Ok(())
}

/// Deletes the account of a player, and waits until the event of it is dead.
async fn erase_a_player(server: &Server, stack: &Stack) -> Result<()> {
    let (gone, http) = (server.guest("Gone").await?, Client::new());
    let own = format!("{}/v1/profiles/me", stack.region_url());
    http.delete(own).bearer_auth(&gone.token).send().await?.error_for_status()?;
    let dead = format!("{}/v1/webhooks/dead", stack.region_url());
    loop {
        let list = http.get(&dead).bearer_auth(stack.service_key()).send().await?.error_for_status()?;
        if list.json::<Value>().await?["messages"] != json!([]) {
            return Ok(());
        }
        // No event reports that a message is dead, so the test polls.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts a stack with a moderator, and with this receiver. The region reads moderators at its start, so it starts twice
/// on the same data.
async fn moderated(receiver: &Receiver) -> Result<(Stack, xtask::wire::Player)> {
    let mut saved = None;
    let first = stack::start_with(|options| saved = Some(options.clone())).await?;
    let server = Server::at(first.edge_url(), first.region_url())?;
    let moderator = server.guest("Moderator").await?;
    first.stop().await;
    drop(first);
    let mut again = saved.context("options")?;
    let named = ("MODERATORS".to_owned(), moderator.id.clone());
    again.region_env.extend([
        named,
        ("WEBHOOKS".to_owned(), receiver.webhooks(&["player.erased"])),
        ("WEBHOOK_SECRETS".to_owned(), json!({ "backend": [SECRET] }).to_string()),
        ("WEBHOOK_LOOPBACK".to_owned(), "on".to_owned()),
    ]);
    let fast = ["RATE_PER_S", "RATE_BURST"].map(|name| (name.to_owned(), "1000".to_owned()));
    again.region_env.extend(fast);
    let stack = stack::start_with(|options| *options = again).await?;
    Ok((stack, moderator))
}

/// A caller that sends the examples of one document.
struct Reader {
    document: Value,
    url: String,
    keys: SignKeys,
    http: Client,
    tokens: BTreeMap<String, String>,
    /// The real values of the names in the examples.
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

    /// Makes a guest for a name of the examples, such as `p_ben` with the session `s_ben`.
    async fn add_guest(&mut self, server: &Server, name: &str) -> Result<()> {
        let (first, rest) = name.split_at(1);
        let guest = server.guest(&format!("{}{rest}", first.to_uppercase())).await?;
        self.bind(&format!("p_{name}"), &guest.id);
        let (sid, _) = guest.refresh_token.split_once('.').context("no sid")?;
        self.bind(&format!("s_{name}"), sid);
        self.tokens.insert(name.to_owned(), guest.token);
        Ok(())
    }

    /// Calls all operations in this order. Fails if one of the document is missing.
    async fn all<'a>(&mut self, order: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let mut left: BTreeSet<String> = operations(&self.document)
            .into_iter()
            .filter_map(|(.., said)| said["operationId"].as_str().map(str::to_owned))
            .collect();
        for (operation, who) in order {
            self.ask(operation, who).await.with_context(|| operation.to_owned())?;
            left.remove(operation);
        }
        ensure!(left.is_empty(), "{left:?} were not called");
        Ok(())
    }

    async fn ask(&mut self, operation: &str, who: &str) -> Result<()> {
        let document = self.document.clone();
        let (path, method, said) = operations(&document)
            .into_iter()
            .find(|(.., said)| said["operationId"] == operation)
            .context("the operation is not in the document")?;
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
        ensure!(got == *status, "{got} instead of {status}: {text}");

        let Some(content) = statuses[status]["content"].as_object() else {
            ensure!(text.is_empty(), "an undocumented body: {text}");
            return Ok(());
        };
        let (documented, content) = content.iter().next().context("no media")?;
        let media = media.context("no media")?;
        ensure!(*documented == media.to_str()?, "{media:?} instead of {documented}");
        if !documented.contains("json") {
            return Ok(());
        }
        let answer: Value = serde_json::from_str(&text)?;
        let schema = self.schema(&content["schema"])?;
        valid(&schema, &answer)?;
        let example = &content["example"];
        if example.is_null() || SCHEMA_ONLY.contains(&operation) {
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
            let value = match self.substitute(example, now()) {
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
            self.substitute(&content["example"], now()).to_string()
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
                let signature = self.keys.sign(now(), "example", method, &asked, body.as_bytes());
                request.header(HEADER, signature)
            }
            name => request.bearer_auth(self.tokens.get(name).context("no guest of that name")?),
        };
        Ok(request.body(body).build()?)
    }

    /// Compiles a schema of the document, with the components that it refers to.
    fn schema(&self, schema: &Value) -> Result<Validator> {
        let whole = json!({ "components": self.document["components"], "allOf": [schema] });
        let options = jsonschema::options().should_validate_formats(true);
        Ok(options.build(&whole)?)
    }

    /// Replaces the names in an example by their real values, and moves its times into the present: some answers
    /// depend on the age of what was sent. All times move by the same span, so that what lies between them stays.
    fn substitute(&self, example: &Value, now: Time) -> Value {
        match example {
            Value::String(text) => {
                let mut names: Vec<_> = self.real.iter().collect();
                names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
                let put = |text: String, (name, real): (&String, &String)| text.replace(name, real);
                names.into_iter().fold(text.clone(), put).into()
            }
            Value::Array(items) => items.iter().map(|item| self.substitute(item, now)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, field)| (name.clone(), self.substitute(field, now)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Number(number) if late(number) => {
                let ms = number.as_u64().unwrap_or_default();
                (now.ms() + ms).saturating_sub(EXAMPLE_NOW_MS).into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => example.clone(),
        }
    }

    /// Fails if an answer differs from the example, except in variable fields. Binds new ids to their names.
    fn same(&mut self, field: &str, example: &Value, answer: &Value) -> Result<()> {
        match (example, answer) {
            (Value::Object(example), Value::Object(answer)) => {
                let names = |of: &Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
                let (said, got) = (names(example), names(answer));
                ensure!(said == got, "{field}: {got:?} instead of {said:?}");
                for (name, example) in example {
                    self.same(name, example, &answer[name])?;
                }
            }
            (Value::Array(example), Value::Array(answer)) => {
                ensure!(example.len() == answer.len(), "{field}: another number of items");
                for (example, answer) in example.iter().zip(answer) {
                    self.same(field, example, answer)?;
                }
            }
            (Value::String(said), Value::String(got)) if is_id(said) || VARIABLE.contains(&field) => {
                let real = self.real.entry(said.clone()).or_insert_with(|| got.clone());
                // Tokens and addresses are new in each run.
                ensure!(real == got || VARIABLE.contains(&field), "{field}: {got} instead of {real}");
            }
            (Value::String(said), Value::String(got)) if is_moment(said) && is_moment(got) => {}
            (Value::Number(said), Value::Number(got)) if late(said) && late(got) => {}
            (Value::Number(_), Value::Number(_)) if VARIABLE.contains(&field) => {}
            _ if example == answer => {}
            _ => bail!("{field}: {answer} instead of {example}"),
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

/// True if a text is an id, such as `p_ana`.
fn is_id(text: &str) -> bool {
    ["p_", "s_", "m_", "r_", "i_", "b_", "a_", "w_", "t_", "n_", "nt_"]
        .iter()
        .any(|kind| text.starts_with(kind))
}

fn is_moment(text: &str) -> bool {
    text.ends_with('Z') && text.len() >= 20 && text.as_bytes()[10] == b'T'
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time::from_ms(shared::time::ms(since.unwrap_or_default()))
}

fn late(number: &serde_json::Number) -> bool {
    number.as_u64().is_some_and(|ms| ms > LONG_AGO)
}
