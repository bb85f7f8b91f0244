//! Prints the addresses and keys of a running stack, for people or as one line of JSON.

use std::fmt::Write;

use serde_json::json;

use super::Dev;
use crate::artifacts::Artifacts;
use crate::stack::Stack;

/// Prints what a developer needs once everything answers.
pub fn announce(stack: &Stack, dev: &Dev, artifacts: &Artifacts) {
    if dev.json {
        println!("{}", line(stack));
    } else {
        println!("{}", text(stack, dev, artifacts));
    }
}

fn line(stack: &Stack) -> serde_json::Value {
    json!({
        "edge": stack.edge_url(),
        "region": stack.region_url(),
        "service_key": stack.service_key(),
        "webhook_secret": stack.webhook_secret(),
        "oidc": stack.provider(),
        "moderator": stack.moderator(),
        "pids": stack.pids(),
    })
}

fn text(stack: &Stack, dev: &Dev, artifacts: &Artifacts) -> String {
    let (edge, region, worker) = (stack.edge_url(), stack.region_url(), artifacts.worker);
    let mut rows = vec![
        ("Page", format!("{edge}/")),
        ("Edge", format!("{edge}/v1/…   the Worker, {worker}")),
        ("Region", format!("{region}/v1/…")),
        ("Service", format!("{}   a key for your own backend", stack.service_key())),
    ];
    if let Some(url) = &dev.webhook {
        rows.push(("Webhook", format!("{url}   signed with {}", stack.webhook_secret())));
    }
    if let Some(provider) = stack.provider() {
        rows.push((
            "Sign-in",
            format!("{}   the issuer, with the client id {}", provider.issuer, provider.client),
        ));
    }
    if let Some(moderator) = stack.moderator() {
        let first = moderator == "first";
        rows.push(("Moderator", if first { "the first player who signs in".to_owned() } else { moderator }));
    }
    rows.push(("Data", stack.data().display().to_string()));
    let mut text = String::from("\n");
    for (title, value) in rows {
        let _ = writeln!(text, "  {title:<9} {value}");
    }
    let watching = if dev.no_watch { "" } else { "Edits are built and loaded as they are saved.\n" };
    text + "\n" + watching + "Ctrl-C stops everything."
}
