//! The order that the parent writes to stdin, and the result that the generator prints.

use serde::{Deserialize, Serialize};

/// One run against one server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// `127.0.0.1:PORT` of the server.
    pub addr: String,
    pub dialect: Dialect,
    /// Clients that share a room.
    pub rooms: Vec<Room>,
    pub load: Load,
    /// Seconds of load that are not measured.
    pub warm_s: f64,
    /// Seconds that are measured.
    pub seconds: f64,
    /// Connections that may be opening at the same time.
    pub opening: usize,
    /// The first connections, which warm the server up: their opening is not measured.
    pub warm_openings: usize,
    /// Seconds of silence between the last opening and the load, in which objects may leave memory.
    pub rest_s: f64,
    /// Process ids of the server, for its CPU time and memory.
    pub watch: Vec<u32>,
}

/// The protocol of a server's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `matchpoint.v1`; the bare rooms and `ws` speak the same frames.
    Matchpoint,
    /// Engine.IO 4 with Socket.IO's default namespace, over WebSocket alone.
    SocketIo,
}

/// A room and its clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Room {
    pub clients: Vec<Client>,
}

/// A client of a room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// Path and query of the socket.
    pub path: String,
    /// The `Sec-WebSocket-Protocol` header; empty sends none.
    pub protocols: String,
    /// True if the client sends messages; every client receives them.
    pub speaks: bool,
}

/// How messages are sent.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Each speaker waits for its own message before it sends the next.
    Closed {
        /// Asks for a durable acknowledgement and waits for it in place of the message.
        durable: bool,
    },
    /// All speakers together send this many messages a second, whatever comes back.
    Open { per_s: f64 },
    /// Each speaker sends this many messages a second.
    Each { per_s: f64 },
    /// Each speaker makes this many moves a second in a match of `arena`, and its latency is that of the reply.
    Moves { per_s: f64 },
    /// No messages: the sockets are opened and stay idle.
    Idle,
}

/// The figures of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Sockets that received their first frame.
    pub opened: usize,
    /// Sockets whose opening was measured.
    pub open_measured: usize,
    /// Seconds in which they opened.
    pub open_s: f64,
    /// CPU seconds of the server while they opened.
    pub open_cpu_s: f64,
    /// Resident memory of the server before the first socket and after the last, KiB.
    pub rss_before_kib: u64,
    pub rss_after_kib: u64,
    /// CPU seconds of the server in the measured time.
    pub cpu_s: f64,
    /// Seconds that were measured.
    pub measured_s: f64,
    /// Messages sent in the measured time.
    pub sent: u64,
    /// Messages received in the measured time, at all clients.
    pub delivered: u64,
    /// Frames received in the measured time.
    pub frames: u64,
    /// Messages that a client did not receive although a later one of the same sender arrived, or that never arrived.
    pub lost: u64,
    /// Messages that a client received twice or out of order.
    pub doubled: u64,
    /// Durable acknowledgements, or replies to moves, received in the measured time.
    pub acknowledged: u64,
    /// Latency from the intended moment of sending to reception, milliseconds.
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// The share of the measured time in which the generator worked: beyond 0.9 it is the limit.
    pub busy: f64,
    /// How late messages were sent at the 99th percentile, milliseconds.
    pub late_p99_ms: f64,
}
