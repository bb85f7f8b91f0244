//! ops/prometheus/prometheus.yml: the scrape of `GET /metrics`, with its token in a file.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::slo::Slo;
use super::yaml;

/// The file of the configuration for a deployment.
pub const FILE: &str = "ops/prometheus/prometheus.yml";
/// The address that the file for deployments has in place of the edge's.
const EXAMPLE: &str = "edge.example.com";
/// The file beside the configuration with the value of `METRICS_TOKEN`.
const TOKEN_FILE: &str = "metrics-token";
/// The address of Alertmanager, which sends alerts to people.
const ALERTMANAGER: &str = "127.0.0.1:9093";

/// The place and the pace of a scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `http` or `https`.
    pub scheme: String,
    /// The host with its port.
    pub address: String,
    /// The file with the bearer token, if one is needed.
    pub token_file: Option<String>,
    pub interval: Duration,
}

#[derive(Debug, Serialize)]
struct Config {
    global: Global,
    rule_files: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    alerting: Option<Alerting>,
    scrape_configs: [Job; 1],
}

#[derive(Debug, Serialize)]
struct Global {
    scrape_interval: String,
    evaluation_interval: String,
}

#[derive(Debug, Serialize)]
struct Alerting {
    alertmanagers: [Addresses; 1],
}

#[derive(Debug, Serialize)]
struct Addresses {
    static_configs: [Static; 1],
}

#[derive(Debug, Serialize)]
struct Static {
    targets: [String; 1],
}

#[derive(Debug, Serialize)]
struct Job {
    #[serde(rename = "job_name")]
    name: String,
    scheme: String,
    metrics_path: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<BTreeMap<&'static str, String>>,
    static_configs: [Static; 1],
}

/// Returns the configuration for a deployment.
pub fn document(slo: &Slo) -> Result<String> {
    let target = Target {
        scheme: "https".to_owned(),
        address: EXAMPLE.to_owned(),
        token_file: Some(TOKEN_FILE.to_owned()),
        interval: Duration::from_secs(slo.scrape.interval_s),
    };
    let alertmanager = Static { targets: [ALERTMANAGER.to_owned()] };
    let alerting = Alerting { alertmanagers: [Addresses { static_configs: [alertmanager] }] };
    yaml::document(&config(slo, &target, Some(alerting)))
}

/// Returns the configuration for one server, without Alertmanager.
pub fn for_target(slo: &Slo, target: &Target) -> Result<String> {
    yaml::document(&config(slo, target, None))
}

fn config(slo: &Slo, target: &Target, alerting: Option<Alerting>) -> Config {
    let interval = format!("{}ms", target.interval.as_millis());
    let bearer =
        |file: &String| BTreeMap::from([("type", "Bearer".to_owned()), ("credentials_file", file.clone())]);
    Config {
        global: Global { scrape_interval: interval.clone(), evaluation_interval: interval },
        rule_files: ["rules.yml"],
        alerting,
        scrape_configs: [Job {
            name: slo.scrape.job.clone(),
            scheme: target.scheme.clone(),
            metrics_path: "/metrics",
            authorization: target.token_file.as_ref().map(bearer),
            static_configs: [Static { targets: [target.address.clone()] }],
        }],
    }
}
