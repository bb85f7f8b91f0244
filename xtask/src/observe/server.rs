//! A running Prometheus on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::service::{Log, Service};
use crate::tools::prometheus::Programs;

/// Limit for the start.
const READY: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(100);
/// Ends Prometheus when stdin closes, as the other services end by themselves.
const UNTIL_STDIN_CLOSES: &str = r#"exec 3<&0; (cat <&3 >/dev/null; kill $$) & exec "$@" 3<&-"#;

/// Prometheus, which ends with the value.
#[derive(Debug)]
pub(super) struct Prometheus {
    service: Service,
    http: reqwest::Client,
    url: String,
}

/// An alert that is pending or fires.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ActiveAlert {
    labels: BTreeMap<String, String>,
    pub state: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    alerts: Vec<ActiveAlert>,
}

impl ActiveAlert {
    /// The name of the alert.
    pub(super) fn name(&self) -> &str {
        self.labels.get("alertname").map(String::as_str).unwrap_or_default()
    }
}

impl Prometheus {
    /// Starts it with an empty database in `folder`, and waits until it answers.
    pub(super) async fn start(
        programs: &Programs,
        folder: &Path,
        config: &str,
        rules: &str,
        port: u16,
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let (config_file, log) = (folder.join("prometheus.yml"), folder.join("prometheus.log"));
        fs::write(&config_file, config)?;
        fs::write(folder.join("rules.yml"), rules)?;
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_CLOSES, "sh"]).arg(&programs.prometheus);
        command.arg(format!("--config.file={}", config_file.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        if let Some(assets) = &programs.assets {
            // Debian's program has its pages in files, and an absolute path for them.
            command.arg(format!("--web.local-assets={}", assets.display()));
        }
        let service = Service::start("Prometheus", command, Log::File(log))?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        let server = Self { service, http, url: format!("http://127.0.0.1:{port}") };
        server.ready().await?;
        Ok(server)
    }

    /// `http://127.0.0.1:PORT` of its pages.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    async fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY;
        let answering = async {
            while Instant::now() < deadline {
                let answer = self.http.get(format!("{}/-/ready", self.url)).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                // It tells no one when it is ready, so it is asked.
                sleep(AGAIN).await;
            }
            bail!("Prometheus does not answer at {}", self.url)
        };
        tokio::select! {
            answering = answering => answering,
            how = self.service.ended() => bail!("{how}"),
        }
    }

    /// Returns the alerts that are pending or fire.
    pub(super) async fn alerts(&self) -> Result<Vec<ActiveAlert>> {
        let answer = self.http.get(format!("{}/api/v1/alerts", self.url)).send().await?;
        let answer: Answer = answer.error_for_status()?.json().await?;
        Ok(answer.data.alerts)
    }

    /// Waits until it ends, and describes how.
    pub(super) async fn ended(&self) -> String {
        self.service.ended().await
    }

    /// Stops the program, and waits for its end.
    pub(super) async fn stop(&self) {
        self.service.stop().await;
    }
}
