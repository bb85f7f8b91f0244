//! The region on one machine: one process, one file, no account and no network.

use base64::Engine as _;
use clap::Parser;
use lambda_http::tracing;
use regional::bucket::Bucket;
use regional::clock::{Clock, chance};
use regional::config::{Config, ToEdge};
use regional::local::{Database, Folder, LocalStore, Wake, default, develop, follow, open, place};
use regional::store::Store;
use regional::stream::Stream;
use regional::studio::Studio;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The region over an embedded store. Prints `{"listening":"http://127.0.0.1:PORT"}` when it is ready.
///
/// The environment is as for Lambda (see `config.rs`), with defaults for a machine of one's own; keys that are not
/// given are made up for this run. With `EDGE_URL` and `REGION_TO_EDGE_KEYS` the edge is told what concerns it.
#[derive(Parser)]
#[command(name = "local", version)]
struct Flags {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The folder that keeps the data, as `region.db`; made if it is absent.
    #[arg(long)]
    data: PathBuf,
}

/// Waits this long for requests under way when it is told to stop.
const STOP: Duration = Duration::from_millis(800);

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
    let path = file.to_str().ok_or_else(|| unusable(&"its name is no UTF-8"))?;
    let db = Database::new(path).map_err(|error| unusable(&error))?;
    let store = LocalStore::serve(db.clone()).await.map_err(|error| error.to_string())?;
    let (folder, uploads) = Folder::serve(flags.data.join("pictures"), Clock::system())
        .await
        .map_err(|error| error.to_string())?;
    config.pictures.get_or_insert_with(|| folder.place());
    let pictures = config.pictures.clone();
    let (names, wake) = (config.tables.clone(), Wake::default());
    let router = open(&store, config, Clock::system()).await.map_err(|error| unusable(&error))?;
    let router = wake.layer(router);
    // Both end with the process.
    if let Some(place) = pictures.clone() {
        let studio = Studio {
            store: Store::new(store.client(), names.clone()),
            bucket: Bucket::new(place),
            clock: Clock::system(),
        };
        tokio::spawn(develop(studio, uploads));
    }
    if let Some(edge) = ToEdge::read(&variable).map_err(|error| error.to_string())? {
        let (core, place) = (names.core.clone(), place(&flags.data));
        let stream =
            Stream::new(Store::new(store.client(), names), edge, Clock::system()).with_pictures(pictures);
        tokio::spawn(follow(db, core, place, stream, wake));
    }

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut told = stopped.clone();
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        // An error means that nobody is left to tell.
        let _ = told.wait_for(|stop| *stop).await;
    });
    let server = tokio::spawn(server.into_future());
    println!("{}", serde_json::json!({ "listening": format!("http://{address}") }));
    std::io::stdout().flush().map_err(|error| error.to_string())?;

    wait().await.map_err(|error| error.to_string())?;
    let _ = stop.send(true);
    let _ = tokio::time::timeout(STOP, server).await;
    Ok(())
}

/// The environment first, then what goes without saying on one machine.
fn config() -> Result<Config, String> {
    let mut keys = [String::new(), String::new()];
    for key in &mut keys {
        let bytes = chance::<32>().map_err(|error| error.to_string())?;
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

/// Until somebody says stop: a signal, or the end of standard input where the parent asked for that.
async fn wait() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let with_parent = std::env::var("EXIT_ON_STDIN_EOF").is_ok_and(|value| value == "1");
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
        () = end_of_input(), if with_parent => {}
    }
    Ok(())
}

/// The parent holds the other end; when it is killed, the end closes. A thread of its own reads, because the runtime
/// would wait for a read of its own before it stops.
async fn end_of_input() {
    let (over, is_over) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An error is the end as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = over.send(());
    });
    let _ = is_over.await;
}
