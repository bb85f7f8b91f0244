//! The servers that are compared, and how each is built and started.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use room_bench::plan::{Client, Dialect, Load, Outcome, Plan, Room};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::cores;
use super::generator::Generator;
use super::matchpoint::Matchpoint;
use super::rooms::Rooms;
use super::workerd::{self, Worker};
use crate::process_group::ProcessGroup;
use crate::root::Root;
use crate::tools::node;
use crate::{port, progress};

/// A server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Peer {
    Matchpoint,
    /// Gathers for 16 ms.
    RustTick,
    /// Gathers until the object has no further input.
    RustZero,
    /// Gathers for 16 ms; another object admits each socket and keeps a row of it.
    RustLease,
    Js,
    Ws,
    SocketIo,
}

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(60);
/// Seconds of load before anything is measured.
const WARM_S: f64 = 2.0;
/// Sockets that may be opening at the same time.
const OPENING: usize = 32;

impl Peer {
    pub(super) const ALL: [Self; 7] = [
        Self::Matchpoint,
        Self::RustTick,
        Self::RustZero,
        Self::RustLease,
        Self::Js,
        Self::Ws,
        Self::SocketIo,
    ];
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matchpoint => "Matchpoint",
            Self::RustTick => "bare Rust room, 16 ms",
            Self::RustZero => "bare Rust room, zero timer",
            Self::RustLease => "bare Rust room, 16 ms, leases",
            Self::Js => "bare JS room",
            Self::Ws => "ws",
            Self::SocketIo => "Socket.IO",
        })
    }
}

/// Everything that is built, and where servers keep their data.
pub(super) struct Kit {
    root: Root,
    data: PathBuf,
    workerd: PathBuf,
    pub(super) workerd_version: String,
    generator: Generator,
    node: PathBuf,
    matchpoint: Option<Matchpoint>,
}

/// A running server. It ends with this value.
struct Running {
    group: ProcessGroup,
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.kill();
        let _ended = self.group.wait(&mut self.child);
    }
}

impl Kit {
    /// Builds what these peers need.
    pub(super) async fn prepare(
        root: &Root,
        data: PathBuf,
        version: Option<&str>,
        peers: &[Peer],
    ) -> Result<Self> {
        let node = node::ensure(root)?.program;
        let (workerd, workerd_version) = workerd::find(root, version)?;
        if peers.iter().any(|peer| matches!(peer, Peer::Ws | Peer::SocketIo)) {
            install_peers(root)?;
        }
        if peers.iter().any(|peer| matches!(peer, Peer::RustTick | Peer::RustZero | Peer::RustLease)) {
            workerd::build_rust_room(root)?;
        }
        let matchpoint = if peers.contains(&Peer::Matchpoint) {
            Some(Matchpoint::start(root, &data.join("matchpoint")).await?)
        } else {
            None
        };
        let generator = Generator::build(root)?;
        Ok(Self { root: root.clone(), data, workerd, workerd_version, generator, node, matchpoint })
    }

    /// Starts a fresh server, runs the load, and ends it.
    pub(super) async fn run(
        &self,
        peer: Peer,
        rooms: Rooms,
        load: Load,
        seconds: f64,
        rest_s: f64,
    ) -> Result<Outcome> {
        let server = self.start(peer).await?;
        let mut plan = Plan {
            addr: format!("127.0.0.1:{}", server.port),
            dialect: if peer == Peer::SocketIo { Dialect::SocketIo } else { Dialect::Matchpoint },
            rooms: Vec::new(),
            load,
            warm_s: if rest_s > 1.0 { 0.0 } else { WARM_S },
            seconds,
            opening: OPENING,
            warm_openings: rooms.warm * rooms.members,
            rest_s,
            watch: vec![server.group.pid()],
        };
        plan.rooms = match (&self.matchpoint, peer) {
            (Some(matchpoint), Peer::Matchpoint) => matchpoint.rooms(server.port, rooms).await?,
            _ => (0..rooms.count).map(|nth| plain_room(peer, nth, rooms)).collect(),
        };
        self.generator.run(&plan).await
    }

    /// Ends what serves all runs.
    pub(super) async fn stop(&self) {
        if let Some(matchpoint) = &self.matchpoint {
            matchpoint.stop().await;
        }
    }

    async fn start(&self, peer: Peer) -> Result<Running> {
        let port = port::take(0, "")?;
        let dir = self.data.join("server");
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(dir.join("objects"))?;
        let peers = self.root.path("xtask/bench/peers");
        let script = |name: &str| {
            let mut command = cores::server(&self.node);
            command.arg(peers.join(name)).arg(port.to_string());
            command
        };
        let mut command = match peer {
            Peer::Ws => script("ws.mjs"),
            Peer::SocketIo => script("socket-io.mjs"),
            Peer::Js => self.serve(&dir, port, &workerd::js_room(&self.root))?,
            Peer::RustTick => self.serve(&dir, port, &workerd::rust_room(&self.root, "16", false))?,
            Peer::RustLease => self.serve(&dir, port, &workerd::rust_room(&self.root, "16", true))?,
            Peer::RustZero => self.serve(&dir, port, &workerd::rust_room(&self.root, "0", false))?,
            Peer::Matchpoint => {
                let matchpoint = self.matchpoint.as_ref().context("Matchpoint was not prepared")?;
                self.serve(&dir, port, &matchpoint.worker(&self.root, port)?)?
            }
        };
        let log = fs::File::create(dir.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let (group, child) =
            ProcessGroup::spawn(&mut command).with_context(|| format!("cannot start {peer}"))?;
        let running = Running { group, child, port };
        listens(port).await.with_context(|| {
            let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
            format!("{peer} does not listen: {log}")
        })?;
        Ok(running)
    }

    fn serve(&self, dir: &Path, port: u16, worker: &Worker) -> Result<Command> {
        let config = worker.write(dir, port)?;
        let mut command = cores::server(&self.workerd);
        command.args(["serve", "--experimental"]).arg(config).current_dir(dir);
        Ok(command)
    }
}

fn plain_room(peer: Peer, nth: usize, rooms: Rooms) -> Room {
    let path = match peer {
        Peer::SocketIo => format!("/socket.io/?EIO=4&transport=websocket&room=r{nth}"),
        _ => format!("/rooms/r{nth}"),
    };
    let client = |speaks| Client { path: path.clone(), protocols: String::new(), speaks };
    let members = (0..rooms.members).map(|_| client(true));
    Room { clients: members.chain((0..rooms.spectators).map(|_| client(false))).collect() }
}

fn install_peers(root: &Root) -> Result<()> {
    let dir = root.path("xtask/bench/peers");
    if dir.join("node_modules/ws").is_dir() && dir.join("node_modules/socket.io").is_dir() {
        return Ok(());
    }
    let npm = crate::tools::on_path("npm").context("npm is missing: install Node.js with npm")?;
    let mut install = Command::new(npm);
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(dir);
    progress::run("Installing ws and Socket.IO", &mut install)?;
    Ok(())
}

async fn listens(port: u16) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => bail!("nothing listens on {port}: {error}"),
            Err(_) => sleep(Duration::from_millis(25)).await,
        }
    }
}
