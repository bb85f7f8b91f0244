//! Real browsers: Chromium through chromedriver, one browser per person.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use xtask::tools;

/// Limit for anything on a page. Three browsers share the machine with the stack.
const PATIENCE: Duration = Duration::from_secs(45);
/// Limit for chromedriver to listen.
const START: Duration = Duration::from_secs(20);

/// A chromedriver and the processes that it started. Dropping it ends them.
pub struct Chromium {
    driver: Child,
    url: String,
    browser: PathBuf,
    profiles: PathBuf,
    opened: usize,
}

/// Returns the installed browser and its driver, if both are on the `PATH`.
#[must_use]
pub fn installed() -> Option<(PathBuf, PathBuf)> {
    Some((tools::chromium::find()?, tools::on_path("chromedriver")?))
}

impl Chromium {
    /// Starts chromedriver on a free port.
    pub async fn start() -> Result<Self> {
        let (browser, driver) = installed().context("Chromium or chromedriver is not installed")?;
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver does not start")?;
        let profiles =
            std::env::temp_dir().join(format!("matchpoint-chromium-{}", driver.id().unwrap_or_default()));
        fs::create_dir_all(&profiles)?;
        let output = driver.stdout.take().context("chromedriver has no output")?;
        let port = timeout(START, port(output)).await.context("chromedriver does not say its port")??;
        Ok(Self { driver, url: format!("http://127.0.0.1:{port}"), browser, profiles, opened: 0 })
    }

    /// Opens a browser with a new profile: for a page, another person.
    pub async fn open(&mut self, width: u32, height: u32, dark: bool) -> Result<Page> {
        self.opened += 1;
        let profile = self.profiles.join(self.opened.to_string());
        let mut args: Vec<String> = tools::chromium::FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-data-dir={}", profile.display()));
        args.push(format!("--window-size={width},{height}"));
        args.extend(dark.then(|| "--force-dark-mode".to_owned()));
        let mut options = json!({ "binary": self.browser, "args": args });
        if width < 500 {
            let metrics = json!({ "width": width, "height": height, "pixelRatio": 2.0 });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let mut wants = serde_json::Map::new();
        wants.insert("goog:chromeOptions".into(), options);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wants)
            .connect(&self.url)
            .await
            .context("the browser does not open")?;
        Ok(Page(client))
    }
}

impl Drop for Chromium {
    /// Ends the processes of Chromium one by one before their driver. Chromium starts process groups of its
    /// own, so the processes are found by their parents.
    fn drop(&mut self) {
        if let Some(driver) = self.driver.id() {
            for pid in descendants(driver) {
                let _ = std::process::Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .stderr(Stdio::null())
                    .status();
            }
        }
        let _ = self.driver.start_kill();
        let _ = fs::remove_dir_all(&self.profiles);
    }
}

/// A browser window. Every method waits for what it needs, with a deadline.
pub struct Page(Client);

impl Page {
    /// Loads an address.
    pub async fn goto(&self, url: &str) -> Result<()> {
        Ok(self.0.goto(url).await?)
    }

    /// Reloads the page, as the reload button does.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.0.refresh().await?)
    }

    /// Waits until an element matches the selector.
    pub async fn find(&self, css: &str) -> Result<Element> {
        let found = self.0.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => bail!("{css} did not appear ({error}); the page says:\n{}", self.text().await),
        }
    }

    /// Waits for the element of this test id.
    pub async fn by_id(&self, testid: &str) -> Result<Element> {
        self.find(&format!("[data-testid='{testid}']")).await
    }

    /// Presses a button. A page may draw it again between the two requests: then the new one is pressed.
    pub async fn press(&self, testid: &str) -> Result<()> {
        loop {
            match self.by_id(testid).await?.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                pressed => return Ok(pressed?),
            }
        }
    }

    /// Types into a field and sends its form with Enter.
    pub async fn enter(&self, testid: &str, text: &str) -> Result<()> {
        Ok(self.by_id(testid).await?.send_keys(&format!("{text}\u{E007}")).await?)
    }

    /// Returns the texts of all matching elements, in the order of the page.
    pub async fn texts(&self, css: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(found => found.textContent)";
        let found = self.0.execute(script, vec![json!(css)]).await?;
        Ok(serde_json::from_value(found)?)
    }

    /// Waits until exactly these texts match, in this order.
    pub async fn until_texts(&self, css: &str, expected: &[&str]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let texts = self.texts(css).await?;
            if texts == expected {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{css} has {texts:?}, not {expected:?}; the page says:\n{}", self.text().await);
            }
        }
    }

    /// Returns the faults of accessibility that axe finds on the page as it is; `axe` is the library's source.
    pub async fn accessibility_faults(&self, axe: &str) -> Result<Vec<String>> {
        let script = format!(
            "const done = arguments[0]; {axe};
            const shown = ({{ id, nodes }}) => `${{id}}: ${{nodes.map(({{ html, failureSummary }}) => `${{html}} ${{failureSummary}}`).join('; ')}}`;
            axe.run().then(({{ violations }}) => done(violations.map(shown)), (error) => done([String(error)]));"
        );
        Ok(serde_json::from_value(self.0.execute_async(&script, Vec::new()).await?)?)
    }

    /// Saves a screenshot in the directory that `SHOTS` names, if it is set.
    pub async fn shoot(&self, name: &str) -> Result<()> {
        let Some(dir) = std::env::var_os("SHOTS") else {
            return Ok(());
        };
        fs::create_dir_all(&dir)?;
        // Waits for finite animations to end; infinite ones are taken as they are.
        let rest = "const done = arguments[0];
            const moves = document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity);
            Promise.allSettled(moves.map(({ finished }) => finished)).then(() => done())";
        self.0.execute_async(rest, Vec::new()).await?;
        fs::write(Path::new(&dir).join(format!("{name}.png")), self.0.screenshot().await?)?;
        Ok(())
    }

    async fn text(&self) -> String {
        let script = "return document.body.dataset.state + ': ' + document.body.innerText";
        let text = self.0.execute(script, Vec::new()).await;
        text.map_or_else(|error| error.to_string(), |text| text.as_str().unwrap_or_default().to_owned())
    }
}

/// Reads the output of chromedriver until it names its port. Keeps reading, so that it never blocks on a full
/// pipe.
async fn port(output: tokio::process::ChildStdout) -> Result<u16> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let said = line.rsplit_once("started successfully on port ");
        if let Some(port) = said.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(port);
        }
    }
    bail!("chromedriver ended before it listened")
}

/// Returns the descendants of a process, the youngest first.
fn descendants(of: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name is in brackets and may contain anything; the parent is the second word after it.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut all = vec![of];
    let mut next = 0;
    while let Some(pid) = all.get(next) {
        all.extend(children.get(pid).into_iter().flatten().copied().collect::<Vec<_>>());
        next += 1;
    }
    all.drain(1..).rev().collect()
}
