//! Runs the region on one machine: one process and one database file, without an AWS account or a network.

use axum::Router;
use base64::Engine as _;
use clap::Parser;
use lambda_http::tracing;
use regional::clock::{Clock, random_bytes};
use regional::config::Config;
use regional::config::edge::ToEdge;
use regional::config::operators::Operators;
use regional::config::webhooks::Webhooks;
use regional::edge_notices::stream::NoticeStream;
use regional::integrations::object_store::Bucket;
use regional::local::{
    Database, Folder, LocalStore, Wake, default, deliver, follow, offset_file, open, process_uploads,
};
use regional::picture_processing::PictureProcessor;
use regional::store::Store;
use regional::webhook_delivery::WebhookDelivery;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The region over an embedded store. Prints `{"listening":"http://127.0.0.1:PORT"}` when it is ready.
///
/// The environment variables are those of Lambda (see `config.rs`), with defaults for a local machine;
/// missing keys are random for this run. With `EDGE_URL` and `REGION_TO_EDGE_KEYS`, the region notifies the
/// edge of changes. With `WEBHOOKS` and `WEBHOOK_SECRETS`, it delivers events. With `FIRST_PLAYER_MODERATES=on`, the
/// first player who signs in is a moderator.
#[derive(Parser)]
#[command(name = "local", version)]
struct Flags {
    /// The port on 127.0.0.1; 0 selects a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The folder of the database `region.db`; created if it is absent.
    #[arg(long)]
    data: PathBuf,
}

/// The time for which a stopping process waits for the requests in progress.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(800);
/// The file, beside the database, with the first player who signed in.
const FIRST_PLAYER: &str = "first_player";

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing::init_default_subscriber_with_writer(std::io::stderr);
    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("region: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(flags: Flags) -> Result<(), String> {
    let mut config = config()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, flags.port))
        .await
        .map_err(|error| format!("port {} cannot be used: {error}", flags.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;

    let file = flags.data.join("region.db");
    let unusable = |error: &dyn std::fmt::Display| format!("{} cannot be used: {error}", file.display());
    std::fs::create_dir_all(&flags.data).map_err(|error| unusable(&error))?;
    let path = file.to_str().ok_or_else(|| unusable(&"its name is not UTF-8"))?;
    config.people.operators = first_player(config.people.operators, &flags.data)?;
    let db = Database::new(path).map_err(|error| unusable(&error))?;
    let store = LocalStore::serve(db.clone()).await.map_err(|error| error.to_string())?;
    let (folder, uploads) = Folder::serve(flags.data.join("pictures"), Clock::system())
        .await
        .map_err(|error| error.to_string())?;
    config.pictures.get_or_insert_with(|| folder.config());
    let pictures = config.pictures.clone();
    let (names, wake) = (config.tables.clone(), Wake::default());
    let router = open(&store, config, Clock::system()).await.map_err(|error| unusable(&error))?;
    let router = wake.layer(router);
    // The tasks end with the process.
    if let Some(config) = pictures.clone() {
        let processor = PictureProcessor {
            store: Store::new(store.client(), names.clone()),
            bucket: Bucket::new(config),
            clock: Clock::system(),
        };
        tokio::spawn(process_uploads(processor, uploads));
    }
    if let Some(edge) = ToEdge::read(&variable).map_err(|error| error.to_string())? {
        let (core, offset) = (names.core.clone(), offset_file(&flags.data));
        let stream = NoticeStream::new(Store::new(store.client(), names.clone()), edge, Clock::system())
            .with_pictures(pictures);
        tokio::spawn(follow(db, core, offset, stream, wake.clone()));
    }
    let webhooks = Webhooks::read(&variable).map_err(|error| error.to_string())?;
    if webhooks.endpoints.iter().next().is_some() {
        let store = Store::new(store.client(), names);
        let delivery = WebhookDelivery::new(store, webhooks, Clock::system());
        let delivery = delivery.map_err(|error| format!("webhooks need root certificates: {error}"))?;
        tokio::spawn(deliver(delivery, Clock::system(), wake));
    }
    println!("{}", serde_json::json!({ "listening": format!("http://{address}") }));
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    serve(listener, router).await.map_err(|error| error.to_string())
}

/// Serves until the process is told to stop, and then waits for the requests in progress.
async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        // An error means that the sender is gone, which is a reason to stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let server = tokio::spawn(server.into_future());
    wait_for_stop().await?;
    let _ = stop.send(true);
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, server).await;
    Ok(())
}

/// Makes the first player who signs in a moderator, if the environment asks for it.
fn first_player(operators: Operators, data: &Path) -> Result<Operators, String> {
    match variable("FIRST_PLAYER_MODERATES").as_deref() {
        None | Some("" | "off") => Ok(operators),
        Some("on") => {
            let file = data.join(FIRST_PLAYER);
            let operators = operators.with_first_player(&file);
            operators.map_err(|error| format!("{} cannot be used: {error}", file.display()))
        }
        Some(_) => Err("FIRST_PLAYER_MODERATES must be on or off".to_owned()),
    }
}

/// Reads the environment, with random keys and local defaults for absent variables.
fn config() -> Result<Config, String> {
    let mut keys = [String::new(), String::new()];
    for key in &mut keys {
        let bytes = random_bytes::<32>().map_err(|error| error.to_string())?;
        *key = base64::engine::general_purpose::STANDARD.encode(bytes);
    }
    let [seed, edge] = keys;
    Config::read(&|name| {
        variable(name).or_else(|| match name {
            "SIGNING_SEED" => Some(seed.clone()),
            "EDGE_TO_REGION_KEYS" => Some(edge.clone()),
            _ => default(name),
        })
    })
    .map_err(|error| error.to_string())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Waits for a signal, or for the end of standard input if the parent process requests that.
async fn wait_for_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let with_parent = std::env::var("EXIT_ON_STDIN_EOF").is_ok_and(|value| value == "1");
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
        () = end_of_input(), if with_parent => {}
    }
    Ok(())
}

/// Waits for the end of standard input, which closes when the parent process dies. A separate thread reads,
/// because the runtime would wait for a pending read before it stops.
async fn end_of_input() {
    let (sender, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An error ends the input as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = sender.send(());
    });
    let _ = ended.await;
}
