//! Matchpoint itself: the Worker on workerd directly, a region beside it for sessions, and rooms full of guests.

use std::path::Path;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use room_bench::plan::{Client, Room};
use serde_json::json;
use shared::wire::{BEARER, SUBPROTOCOL};

use super::rooms::Rooms;
use super::workerd::Worker;
use crate::artifacts;
use crate::manifest::Manifest;
use crate::port;
use crate::region::Region;
use crate::root::Root;
use crate::secrets::Secrets;
use crate::stack::Options;
use crate::wire::{Player, Server};

/// Guests and rooms that are made at the same time.
const AT_ONCE: usize = 8;
/// A stand-in for the platform's rate limiter, which workerd alone does not have: it never refuses.
const RATE_LIMITER: &str =
    "class Ratelimit { async limit() { return { success: true }; } } export default () => new Ratelimit();";

/// The region of all runs, and what the Worker is told.
pub(super) struct Matchpoint {
    region: Region,
    options: Options,
    secrets: Secrets,
}

impl Matchpoint {
    /// Builds both sides and starts the region.
    pub(super) async fn start(root: &Root, data: &Path) -> Result<Self> {
        let here = root.clone();
        let built = tokio::task::spawn_blocking(move || artifacts::build(&here)).await??;
        std::fs::create_dir_all(data.join("region"))?;
        let secrets = Secrets::of(data)?;
        let mut options = Options::new(data.to_owned(), port::take(0, "")?, port::take(0, "")?);
        options.log_to_files = true;
        options.disable_rate_limits();
        options.edge_values.insert("MESSAGE_PACE".to_owned(), "off".to_owned());
        let env = options.region(&secrets, &Manifest::read(root)?);
        let log = options.log("region");
        let region =
            Region::start(&built.region, &data.join("region"), options.region_port, &env, log).await?;
        Ok(Self { region, options, secrets })
    }

    /// The Worker on this port, as `wrangler.toml` configures it, with its rate limits lifted.
    pub(super) fn worker(&self, root: &Root, port: u16) -> Result<Worker> {
        let options = Options { edge_port: port, ..self.options.clone() };
        let manifest = Manifest::table(root)?;
        let mut bindings = vec![
            "(name = \"ASSETS\", service = \"local\")".to_owned(),
            "(name = \"OPENINGS\", wrapped = (moduleName = \"bench:rate-limiter\"))".to_owned(),
            "(name = \"REQUESTS\", wrapped = (moduleName = \"bench:rate-limiter\"))".to_owned(),
        ];
        let mut values = options.edge(&self.secrets);
        let vars =
            manifest.get("vars").and_then(toml::Value::as_table).context("wrangler.toml has no vars")?;
        for (name, value) in vars {
            match value {
                toml::Value::String(text) => {
                    values.entry(name.clone()).or_insert_with(|| text.clone());
                }
                other => bindings.push(format!("(name = {name:?}, json = {:?})", json!(other).to_string())),
            }
        }
        bindings.extend(values.iter().map(|(name, value)| format!("(name = {name:?}, text = {value:?})")));
        let build = root.edge();
        Ok(Worker {
            modules: vec![
                ("index.js".to_owned(), "esModule", build.join("index.js")),
                ("index_bg.wasm".to_owned(), "wasm", build.join("index_bg.wasm")),
            ],
            objects: objects(&manifest),
            bindings,
            extensions: vec![("bench:rate-limiter", RATE_LIMITER)],
        })
    }

    /// Opens rooms on a Worker, with new guests for every seat and spectator.
    pub(super) async fn rooms(&self, port: u16, rooms: Rooms) -> Result<Vec<Room>> {
        let server = Server::at(&format!("http://127.0.0.1:{port}"), &self.options.region_url())?;
        let server = &server;
        let each = rooms.members + rooms.spectators;
        let guests: Vec<Player> = stream::iter(0..rooms.count * each)
            .map(|nth| async move { server.guest(&format!("Guest {nth}")).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut rules =
            json!({ "seats": rooms.members.max(2), "rules": { "spectators": rooms.spectators > 0 } });
        if let (Some(mode), Some(body)) = (rooms.mode, rules.as_object_mut()) {
            body.insert("mode".to_owned(), json!(mode.name));
            body.insert("mode_config".to_owned(), (mode.config)());
        }
        let rules = &rules;
        stream::iter(guests.chunks(each))
            .map(|players| async move {
                let owner = players.first().context("a room needs a player")?;
                let room = server.open_room(owner, rules).await?;
                let clients = players.iter().enumerate().map(|(nth, player)| {
                    let speaks = nth < rooms.members;
                    let watch = if speaks { "" } else { "?watch=1" };
                    Client {
                        path: format!("/v1/rooms/{room}{watch}"),
                        protocols: format!("{SUBPROTOCOL}, {BEARER}{}", player.token),
                        speaks,
                    }
                });
                Ok(Room { clients: clients.collect() })
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    pub(super) async fn stop(&self) {
        self.region.service().stop().await;
    }
}

fn objects(manifest: &toml::Table) -> Vec<(String, String)> {
    let bindings = manifest.get("durable_objects").and_then(|objects| objects.get("bindings")?.as_array());
    let text = |binding: &toml::Value, name: &str| Some(binding.get(name)?.as_str()?.to_owned());
    let pair = |binding| Some((text(binding, "name")?, text(binding, "class_name")?));
    bindings.into_iter().flatten().filter_map(pair).collect()
}
