//! Tests of the messages of webhooks: their signatures, the answers to them, and the function that sends them.

use crate::webhooks::{ALL, Region};
use crate::world::function_env;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::limits;
use std::io::Write as _;
use std::process::{Command, Stdio};
use tests::receiver::{Receiver, Reply, SECRET};
use tests::runtime_api::{self, Function};
use xtask::root::Root;

#[tokio::test]
async fn redirect_is_a_failure_and_an_endless_answer_is_cut() -> Result<()> {
    let (receiver, other) = (Receiver::start().await?, Receiver::start().await?);
    let region = Region::with(&receiver, ALL).await?;
    receiver.reply(Reply::Redirect(other.url.clone()));
    region.open("m_1").await?;
    region.deliver().await?;
    assert_eq!((receiver.arrived().await.len(), other.arrived().await.len()), (1, 0));
    receiver.reply(Reply::Endless);
    region.world.advance(limits::WEBHOOK_RETRY_FIRST);
    region.deliver().await?;
    assert_eq!(receiver.arrived().await.len(), 1);
    region.world.advance(limits::WEBHOOK_AGE_MAX);
    region.deliver().await?;
    assert_eq!(receiver.arrived().await.len(), 0);
    Ok(())
}

#[tokio::test]
async fn message_is_signed_with_both_secrets_while_one_is_rotated() -> Result<()> {
    let receiver = Receiver::start().await?;
    let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let region = Region::of(receiver.webhooks(ALL), &[new, SECRET]).await?;
    region.open("m_1").await?;
    region.deliver().await?;
    let message = receiver.next().await?;
    message.verify(SECRET)?;
    message.verify(new)?;
    assert!(message.verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx").is_err());
    Ok(())
}

/// Runs the receiver of the examples, of which docs/webhooks.md shows parts, where Python is installed.
#[tokio::test]
async fn example_of_a_receiver_verifies_a_message_and_refuses_a_changed_one() -> Result<()> {
    let program = "
import json, sys
from receiver import verify
sent = json.load(sys.stdin)
check = lambda body: verify(sent['secret'], sent['headers'], body, int(sent['headers']['webhook-timestamp']) + 1)
print(check(sent['body'].encode()))
try:
    check(sent['body'].encode() + b' ')
except ValueError as refused:
    print(refused)
";
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    region.open("m_1").await?;
    region.deliver().await?;
    let message = receiver.next().await?;
    let python = Command::new("python3")
        .args(["-c", program])
        .env("PYTHONPATH", Root::here().path("examples/backend-python"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        eprintln!("No Python here: the sample was not run.");
        return Ok(());
    };
    let mut input = python.stdin.take().context("its input")?;
    input.write_all(message.for_program(SECRET)?.as_bytes())?;
    drop(input);
    let printed = String::from_utf8(python.wait_with_output()?.stdout)?;
    assert_eq!(printed, format!("{}\nno signature is right\n", message.id));
    Ok(())
}

#[tokio::test]
async fn endpoint_that_fails_delays_no_other() -> Result<()> {
    let (good, bad) = (Receiver::start().await?, Receiver::start().await?);
    bad.reply(Reply::Status(503));
    let webhooks = json!([
        { "id": "bad", "url": bad.url, "events": ["match.made"] },
        { "id": "good", "url": good.url, "events": ["match.made", "match.ended"] },
    ]);
    let region = Region::of(webhooks.to_string(), &[SECRET]).await?;
    for nth in 0..40 {
        region.open(&format!("m_{nth}")).await?;
    }
    region.end("m_0").await?;
    region.deliver().await?;
    assert_eq!(good.arrived().await.len(), 41);
    // A run leaves an endpoint alone that does not answer.
    let tried = bad.arrived().await.len();
    ensure!(tried < limits::WEBHOOK_FAILURES_MAX + limits::WEBHOOK_CONCURRENT_MAX, "{tried}");
    bad.reply(Reply::Status(200));
    region.world.advance(limits::WEBHOOK_LEASE);
    region.deliver().await?;
    assert_eq!(bad.arrived().await.len(), 40);
    Ok(())
}

/// The function as it is deployed reaches no address of its own network, and leaves what fails in the store.
#[tokio::test]
async fn function_attempts_new_and_due_events_and_reaches_public_addresses_only() -> Result<()> {
    let webhooks = json!([{ "id": "backend", "url": "https://localhost:9/", "events": ["match.made"] }]);
    let region = Region::of(webhooks.to_string(), &[SECRET]).await?;
    region.open("m_1").await?;
    let mut env = function_env(&region.world.store.endpoint());
    let variables = region.variables.iter().filter(|(name, _)| *name != "WEBHOOK_LOOPBACK");
    env.extend(variables.cloned());
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let function = Function::start(runtime_api::build("webhooks").await?, &env).await?;
    let keys = json!({ "pk": { "S": "W#backend#m_1" }, "sk": { "S": "0#w_1" } });
    let stream: Value = serde_json::from_str(include_str!("../../../regional/events/stream.json"))?;
    let mut record = stream["Records"][0].clone();
    record["dynamodb"]["NewImage"] = keys.clone();
    record["dynamodb"]["Keys"] = keys;
    function.invoke(&json!({ "Records": [record] })).await?;
    // By the clock of the machine the event is older than a day: the attempt was its last one.
    let dead = region.world.get("/v1/webhooks/dead", &region.key).await?;
    let message = &dead.body["messages"][0];
    assert_eq!(message["error"], "the name leads to no public address", "{}", dead.body);
    assert_eq!(message["attempts"], 1);
    // The schedule finds what is due.
    region.open("m_2").await?;
    function.invoke(&json!({ "source": "aws.events" })).await?;
    let dead = region.world.get("/v1/webhooks/dead", &region.key).await?;
    assert_eq!(dead.body["messages"].as_array().map(Vec::len), Some(2), "{}", dead.body);
    Ok(())
}
