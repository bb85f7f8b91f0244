//! Tests the configurations of deployments: what the functions of the template may do, that no secret is among their
//! variables, and that the Worker writes no log for each message.

use anyhow::{Context, Result, ensure};
use std::fs;
use xtask::root::Root;

/// Returns the lines of a resource of the template.
fn resource(template: &str, name: &str) -> Result<String> {
    let (_, rest) =
        template.split_once(&format!("\n  {name}:\n")).with_context(|| format!("no resource {name}"))?;
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Returns the resources that a policy of a resource names for an action.
fn granted(resource: &str, action: &str) -> Vec<String> {
    let statements = resource.split("- Sid: ").skip(1);
    let with_action = statements.filter(|statement| {
        let (actions, _) = statement.split_once("Resource:").unwrap_or_default();
        actions.split([' ', ',', '[', ']', '\n']).any(|word| word == action)
    });
    let named = with_action.filter_map(|statement| statement.split_once("Resource:"));
    let lines =
        named.flat_map(|(_, resources)| resources.lines().take_while(|line| !line.contains("Events:")));
    let texts = lines.map(|line| line.trim().trim_start_matches("- ").to_owned());
    texts.filter(|text| text.starts_with('!')).collect()
}

#[test]
fn functions_have_the_least_rights_and_no_secret_variables() -> Result<()> {
    let template = fs::read_to_string(Root::here().path("template.yaml"))?;
    ensure!(!template.contains("resolve:secretsmanager"), "a secret is resolved into a variable");
    for secret in ["SIGNING_SEED", "EDGE_TO_REGION_KEYS", "REGION_TO_EDGE_KEYS", "WEBHOOK_SECRETS"] {
        ensure!(!template.contains(&format!("{secret}:")), "{secret} is a variable");
    }
    let (api, stream) = (resource(&template, "ApiFunction")?, resource(&template, "StreamFunction")?);
    let (pictures, erase) = (resource(&template, "PicturesFunction")?, resource(&template, "EraseFunction")?);
    let secret = "secretsmanager:GetSecretValue";
    assert_eq!(granted(&api, secret), ["!Ref ApiSecretArn"]);
    assert_eq!(granted(&stream, secret), ["!Ref StreamSecretArn"]);
    assert_eq!(granted(&erase, secret), ["!Ref StreamSecretArn"]);
    assert_eq!(granted(&pictures, secret), Vec::<String>::new());
    // The API signs addresses with its own rights, so it must not be able to write what other players see.
    let folder = |name: &str| {
        format!(
            "!Sub \"arn:${{AWS::Partition}}:s3:::${{AWS::StackName}}-pictures-${{AWS::AccountId}}/{name}/*\""
        )
    };
    assert_eq!(granted(&api, "s3:PutObject"), [folder("in")]);
    assert_eq!(granted(&api, "s3:GetObject"), Vec::<String>::new());
    assert_eq!(granted(&pictures, "s3:PutObject"), [folder("out")]);
    assert_eq!(granted(&pictures, "s3:GetObject"), [folder("in")]);
    // Only a local region may send events to its own machine, and only one function can sign them.
    ensure!(!template.contains("WEBHOOK_LOOPBACK"), "the deployed region would reach its own network");
    let webhooks = resource(&template, "WebhookFunction")?;
    assert_eq!(granted(&webhooks, secret), ["!Ref WebhookSecretArn"]);
    assert_eq!(template.matches("!Ref WebhookSecretArn").count(), 2);
    for action in ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"] {
        let tables = granted(&webhooks, action);
        ensure!(tables.iter().all(|table| table.contains("EventsTable")), "{action}: {tables:?}");
    }
    ensure!(webhooks.contains("Schedule: rate(1 minute)"), "nothing repeats what failed");
    for name in ["WebhookFunction", "WebhooksLate", "WebhooksFail", "WebhooksDead", "DeadWebhooks"] {
        let conditional = resource(&template, name)?.contains("    Condition: HasWebhooks");
        ensure!(conditional, "{name} exists without webhooks");
    }
    // The alarm counts what the function logs.
    let delivery = fs::read_to_string(Root::here().path("regional/src/webhook_delivery.rs"))?;
    ensure!(delivery.contains("\"an event is dead\""), "no such line is logged");
    for name in ["ApiFunction", "PicturesFunction"] {
        let limited = resource(&template, name)?.contains("ReservedConcurrentExecutions: ");
        ensure!(limited, "{name} has no limit on concurrent executions");
    }
    Ok(())
}

#[test]
fn worker_writes_no_log_for_each_message() -> Result<()> {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(Root::here().path("wrangler.toml"))?)?;
    let observability = manifest.get("observability").context("wrangler.toml has no [observability]")?;
    let logs = observability.get("logs").context("wrangler.toml has no [observability.logs]")?;
    let flag = |name: &str| logs.get(name).and_then(toml::Value::as_bool);
    let sampled = |table: &toml::Value| table.get("head_sampling_rate").and_then(toml::Value::as_float);
    ensure!(flag("enabled") == Some(true), "the Worker's own lines are not kept");
    ensure!(
        flag("invocation_logs") == Some(false),
        "set invocation_logs = false: an execution log for each message of a socket is the largest line of the bill"
    );
    ensure!(
        sampled(observability).is_some_and(|rate| rate <= 0.01),
        "set head_sampling_rate to at most 0.01"
    );
    Ok(())
}
