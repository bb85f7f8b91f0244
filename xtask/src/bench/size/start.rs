//! The cost of a fresh isolate: the CPU time of workerd until the Worker's first answer, beside that of an empty Worker.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::bench::room::workerd::{self, Worker};
use crate::process_group::ProcessGroup;
use crate::root::Root;
use crate::{health, port};

/// A Worker that does nothing.
const EMPTY: &str = "export default { fetch() { return new Response('ok'); } };";
/// The classes of the objects.
const OBJECTS: [(&str, &str); 4] = [
    ("ROOM", "RoomObject"),
    ("LOBBY", "LobbyObject"),
    ("PLAYER", "PlayerObject"),
    ("METRICS", "MetricsObject"),
];
/// The variables that an answer to `GET /health` reads.
const BINDINGS: [&str; 2] = ["(name = \"ORIGINS\", text = \"\")", "(name = \"HTTP_PACE\", text = \"off\")"];

/// The cost of one start.
#[derive(Debug, Clone, Copy)]
struct Start {
    /// CPU time of all threads.
    cpu: Duration,
    /// Time until the first answer.
    wall: Duration,
}

/// A process that ends with this value.
struct Running {
    group: ProcessGroup,
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.kill();
        let _ended = self.group.wait(&mut self.child);
    }
}

/// Measures this many starts of each Worker, in turn, and returns a table of the medians.
pub(super) async fn measure(root: &Root, starts: usize) -> Result<String> {
    let dir = root.path("target/bench/start");
    fs::create_dir_all(&dir)?;
    let (program, version) = workerd::find(root, None)?;
    let empty = dir.join("empty.mjs");
    fs::write(&empty, EMPTY)?;
    let (empty, edge) = (empty_worker(empty), edge_worker(root));
    let (mut of_empty, mut of_edge) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        of_empty.push(start(&program, &dir, &empty).await?);
        of_edge.push(start(&program, &dir, &edge).await?);
    }
    let (empty, edge) = (median(&of_empty), median(&of_edge));
    let row = |name: &str, start: Start| {
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        format!("| {name} | {} | {} |\n", ms(start.cpu), ms(start.wall))
    };
    let more = Start { cpu: edge.cpu.saturating_sub(empty.cpu), wall: edge.wall.saturating_sub(empty.wall) };
    Ok(format!(
        "| start of {version}, median of {starts} | CPU, all threads | first answer after |\n|---|---|---|\n{}{}{}",
        row("an empty Worker", empty),
        row("this Worker", edge),
        row("a fresh isolate of this Worker: the difference", more)
    ))
}

fn empty_worker(file: PathBuf) -> Worker {
    Worker {
        modules: vec![("empty.mjs".to_owned(), "esModule", file)],
        objects: Vec::new(),
        bindings: Vec::new(),
        extensions: Vec::new(),
    }
}

fn edge_worker(root: &Root) -> Worker {
    let build = root.edge();
    Worker {
        modules: vec![
            ("index.js".to_owned(), "esModule", build.join("index.js")),
            ("index_bg.wasm".to_owned(), "wasm", build.join("index_bg.wasm")),
        ],
        objects: OBJECTS.map(|(binding, class)| (binding.to_owned(), class.to_owned())).to_vec(),
        bindings: BINDINGS.map(str::to_owned).to_vec(),
        extensions: Vec::new(),
    }
}

async fn start(program: &Path, dir: &Path, worker: &Worker) -> Result<Start> {
    let dir = dir.join("server");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(dir.join("objects"))?;
    let port = port::take(0, "")?;
    let config = worker.write(&dir, port)?;
    let mut command = Command::new(program);
    command.args(["serve", "--experimental"]).arg(config).current_dir(&dir);
    let log = fs::File::create(dir.join("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let begun = Instant::now();
    let (group, child) = ProcessGroup::spawn(&mut command).context("cannot start workerd")?;
    let running = Running { group, child };
    health::wait(&format!("http://127.0.0.1:{port}")).await.with_context(|| {
        let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
        format!("the Worker does not answer: {log}")
    })?;
    Ok(Start { wall: begun.elapsed(), cpu: cpu(running.group.pid())? })
}

/// Returns the CPU time of all threads of a process.
fn cpu(pid: u32) -> Result<Duration> {
    let tasks =
        fs::read_dir(format!("/proc/{pid}/task")).context("only Linux tells the CPU time of threads")?;
    let mut ns = 0;
    for task in tasks {
        // The first number; a thread may have ended meanwhile.
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        ns += text.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(ns))
}

fn median(starts: &[Start]) -> Start {
    let middle = |of: fn(&Start) -> Duration| {
        let mut times: Vec<Duration> = starts.iter().map(of).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    Start { cpu: middle(|start| start.cpu), wall: middle(|start| start.wall) }
}
