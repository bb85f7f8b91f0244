//! The loop: one thread, one epoll, a schedule of sends.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Stage};
use crate::mark::{Finder, Mark};
use crate::plan::{Dialect, Load, Outcome, Plan};
use crate::replies::{self, Moves};
use crate::tally::Tally;
use crate::usage::{cpu_s, rss_kib};

/// How long opening all sockets may take.
const OPENING: Duration = Duration::from_secs(300);
/// How long the last messages may take to arrive.
const DRAIN: Duration = Duration::from_secs(10);
/// Below this the loop polls without sleeping: epoll's own clock is a millisecond.
const SPIN: Duration = Duration::from_millis(2);

/// The sockets, the schedule and the counts of a run.
struct Run<'a> {
    plan: &'a Plan,
    addr: SocketAddr,
    poll: Poll,
    clients: Vec<Client>,
    speakers: Vec<usize>,
    rooms: Vec<Vec<usize>>,
    sent: Vec<u64>,
    tally: Tally,
    finder: Finder,
    /// The moves of each client.
    moves: Vec<Moves>,
    begun: Instant,
    acknowledged: u64,
    measured: bool,
    /// Speakers of a closed loop whose message came back.
    ready: VecDeque<usize>,
    late: Histogram<u64>,
    sent_measured: u64,
    scratch: Vec<u8>,
}

/// The number and the cost of the measured openings.
struct Openings {
    count: usize,
    seconds: f64,
    cpu_s: f64,
}

/// Runs the plan and hands its outcome to `done`; the sockets stay open until that returns.
pub fn run(plan: &Plan, done: impl FnOnce(&Outcome) -> Result<()>) -> Result<()> {
    let mut run = Run::new(plan)?;
    let rss = rss_kib(&plan.watch);
    let openings = run.open_all()?;
    run.rest(Duration::from_secs_f64(plan.rest_s))?;
    let rss_after_kib = rss_kib(&plan.watch);
    let opened = run.clients.len();
    let mut outcome = if matches!(plan.load, Load::Idle) { Outcome::default() } else { run.load()? };
    outcome.opened = opened;
    outcome.open_measured = openings.count;
    outcome.open_s = openings.seconds;
    outcome.open_cpu_s = openings.cpu_s;
    (outcome.rss_before_kib, outcome.rss_after_kib) = (rss, rss_after_kib);
    done(&outcome)
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        let (mut rooms, mut speakers, mut next) = (Vec::new(), Vec::new(), 0);
        for room in &plan.rooms {
            let mut members = Vec::new();
            for client in &room.clients {
                members.push(next);
                if client.speaks {
                    speakers.push(next);
                }
                next += 1;
            }
            rooms.push(members);
        }
        Ok(Self {
            plan,
            addr: plan.addr.parse().context("the server's address")?,
            poll: Poll::new()?,
            clients: Vec::with_capacity(next),
            speakers,
            tally: Tally::new(next, &rooms)?,
            rooms,
            sent: vec![0; next],
            finder: Finder::default(),
            moves: vec![Moves::default(); next],
            begun: Instant::now(),
            acknowledged: 0,
            measured: false,
            ready: VecDeque::new(),
            late: Histogram::new_with_bounds(1, 600_000_000, 3)?,
            sent_measured: 0,
            scratch: vec![0; 256 * 1024],
        })
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Opens every socket, a bounded number at a time, until each has received its first frame.
    fn open_all(&mut self) -> Result<Openings> {
        let wanted: Vec<(String, String)> = self
            .plan
            .rooms
            .iter()
            .flat_map(|room| {
                room.clients.iter().map(|client| (client.path.clone(), client.protocols.clone()))
            })
            .collect();
        let begun = Instant::now();
        let (mut open, mut next) = (0, 0);
        let (mut warm, mut from, mut cpu) = (0, begun, cpu_s(&self.plan.watch));
        let mut events = Events::with_capacity(1024);
        while open < wanted.len() {
            if warm < self.plan.warm_openings && open >= self.plan.warm_openings {
                (warm, from, cpu) = (open, Instant::now(), cpu_s(&self.plan.watch));
            }
            if begun.elapsed() > OPENING {
                bail!("only {open} of {} sockets opened within {OPENING:?}", wanted.len());
            }
            while next - open < self.plan.opening
                && let Some((path, protocols)) = wanted.get(next)
            {
                let mut client = Client::connect(self.addr, self.plan.dialect, path, protocols)?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut client.stream, Token(next), interest)?;
                self.clients.push(client);
                next += 1;
            }
            self.poll.poll(&mut events, Some(Duration::from_millis(200)))?;
            for event in &events {
                open += usize::from(self.ready(event.token().0)?);
            }
        }
        Ok(Openings {
            count: open - warm,
            seconds: from.elapsed().as_secs_f64(),
            cpu_s: cpu_s(&self.plan.watch) - cpu,
        })
    }

    /// Sends nothing for a while, and takes what arrives.
    fn rest(&mut self, rest: Duration) -> Result<()> {
        let begun = Instant::now();
        let mut events = Events::with_capacity(1024);
        while let Some(left) = rest.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            self.poll.poll(&mut events, Some(left.min(Duration::from_millis(100))))?;
            for event in &events {
                self.ready(event.token().0)?;
            }
        }
        self.ready.clear();
        Ok(())
    }

    /// A socket is readable or writable. Returns true if it received its first frame.
    fn ready(&mut self, at: usize) -> Result<bool> {
        let now = self.now_us();
        let closed_loop = match self.plan.load {
            Load::Closed { durable } => Some(durable),
            Load::Open { .. } | Load::Each { .. } | Load::Moves { .. } | Load::Idle => None,
        };
        let moves = self.moves.get_mut(at).filter(|_| matches!(self.plan.load, Load::Moves { .. }));
        let Some(client) = self.clients.get_mut(at) else { return Ok(false) };
        if client.blocked {
            client.flush()?;
        }
        let (tally, finder, measured) = (&mut self.tally, &self.finder, self.measured);
        let (mut own, mut acknowledged, mut moves) = (false, 0, moves);
        let inbound = client.receive(&mut self.scratch, |text| {
            if measured {
                tally.frames += 1;
            }
            for mark in finder.marks(text) {
                tally.message(at, mark, now, measured);
                own |= mark.sender == at;
            }
            if let Some(moves) = &mut moves {
                tally.delivered += if measured { replies::events(text) } else { 0 };
                moves.receive(text, |sent_us| {
                    if measured {
                        tally.latency.saturating_record(now.saturating_sub(sent_us).max(1));
                    }
                    tally.replies += u64::from(measured);
                });
            }
            if closed_loop == Some(true) {
                acknowledged += memchr::memmem::find_iter(text, br#""ok":"#).count();
            }
        })?;
        if inbound.closed || client.stage == Stage::Closed {
            bail!("the server closed socket {at} with {:?}", client.close_code);
        }
        if measured {
            self.acknowledged += acknowledged as u64;
        }
        if (closed_loop == Some(false) && own) || acknowledged > 0 {
            self.ready.push_back(at);
        }
        Ok(inbound.opened)
    }

    fn say(&mut self, at: usize, intended_us: u64) -> Result<()> {
        let Some(seq) = self.sent.get_mut(at) else { return Ok(()) };
        *seq += 1;
        let mark = Mark { sender: at, seq: *seq, at_us: intended_us };
        let durable = matches!(self.plan.load, Load::Closed { durable: true });
        let is_move = matches!(self.plan.load, Load::Moves { .. });
        let payload = match (self.plan.dialect, self.moves.get_mut(at).filter(|_| is_move)) {
            (_, Some(moves)) => moves.send(*seq, intended_us),
            (Dialect::Matchpoint, None) if durable => {
                format!(r#"{{"id":{seq},"op":"say","key":"k{seq}","ack":"durable","body":{}}}"#, mark.body())
            }
            (Dialect::Matchpoint, None) => format!(r#"{{"op":"say","key":"k{seq}","body":{}}}"#, mark.body()),
            (Dialect::SocketIo, None) => format!(r#"42["say",{}]"#, mark.body()),
        };
        if self.measured {
            self.sent_measured += 1;
            self.late.saturating_record(self.now_us().saturating_sub(intended_us).max(1));
        }
        if let Some(client) = self.clients.get_mut(at) {
            client.send(payload.as_bytes())?;
        }
        Ok(())
    }

    fn load(&mut self) -> Result<Outcome> {
        let speakers = self.speakers.clone();
        let mut schedule = Schedule::new(self.plan.load, &speakers, self.now_us());
        if matches!(self.plan.load, Load::Closed { .. }) {
            self.ready.extend(&speakers);
        }
        let warm = Duration::from_secs_f64(self.plan.warm_s);
        let whole = warm + Duration::from_secs_f64(self.plan.seconds);
        let (start, mut measure_from, mut busy) = (Instant::now(), Instant::now(), Duration::ZERO);
        let mut cpu = cpu_s(&self.plan.watch);
        let mut events = Events::with_capacity(4096);
        while start.elapsed() < whole {
            if !self.measured && start.elapsed() >= warm {
                self.measured = true;
                (measure_from, busy, cpu) = (Instant::now(), Duration::ZERO, cpu_s(&self.plan.watch));
            }
            let wait = schedule.wait(self.now_us()).min(Duration::from_millis(20));
            let wait = if wait < SPIN { Duration::ZERO } else { wait.saturating_sub(SPIN / 2) };
            self.poll.poll(&mut events, Some(wait))?;
            let worked = Instant::now();
            let mut idle = events.is_empty();
            for event in &events {
                self.ready(event.token().0)?;
            }
            while let Some(at) = self.ready.pop_front() {
                let now = self.now_us();
                self.say(at, now)?;
            }
            while let Some((at, intended)) = schedule.due(self.now_us()) {
                idle = false;
                self.say(at, intended)?;
            }
            if !idle {
                busy += worked.elapsed();
            }
        }
        let measured = measure_from.elapsed();
        let cpu = cpu_s(&self.plan.watch) - cpu;
        self.drain(&mut events)?;
        Ok(Outcome { cpu_s: cpu, ..self.outcome(measured, busy) })
    }

    /// Receives what is still on its way; it counts for loss, not for throughput.
    fn drain(&mut self, events: &mut Events) -> Result<()> {
        let (delivered, frames) = (self.tally.delivered, self.tally.frames);
        let begun = Instant::now();
        while begun.elapsed() < DRAIN && self.missing() > 0 {
            self.poll.poll(events, Some(Duration::from_millis(50)))?;
            for event in &*events {
                self.ready(event.token().0)?;
            }
            self.ready.clear();
        }
        (self.tally.delivered, self.tally.frames) = (delivered, frames);
        Ok(())
    }

    /// Returns the messages that have not arrived, or the moves without a reply.
    fn missing(&self) -> u64 {
        match self.plan.load {
            Load::Moves { .. } => self.moves.iter().map(Moves::missing).sum(),
            _ => self.tally.missing(&self.sent, &self.rooms),
        }
    }

    fn outcome(&self, measured: Duration, busy: Duration) -> Outcome {
        #[allow(clippy::cast_precision_loss)]
        let ms = |quantile| self.tally.latency.value_at_quantile(quantile) as f64 / 1000.0;
        #[allow(clippy::cast_precision_loss)]
        let late = self.late.value_at_quantile(0.99) as f64 / 1000.0;
        Outcome {
            measured_s: measured.as_secs_f64(),
            sent: self.sent_measured,
            delivered: self.tally.delivered,
            frames: self.tally.frames,
            lost: self.tally.lost + self.missing(),
            doubled: self.tally.doubled,
            acknowledged: self.acknowledged + self.tally.replies,
            p50_ms: ms(0.5),
            p95_ms: ms(0.95),
            p99_ms: ms(0.99),
            max_ms: ms(1.0),
            busy: busy.as_secs_f64() / measured.as_secs_f64().max(0.001),
            late_p99_ms: late,
            ..Outcome::default()
        }
    }
}

/// When the next message is due, and whose it is.
struct Schedule<'a> {
    speakers: &'a [usize],
    /// Microseconds between two messages of the whole load; zero: a closed loop.
    every_us: f64,
    from_us: u64,
    next: u64,
}

impl<'a> Schedule<'a> {
    #[allow(clippy::cast_precision_loss)]
    fn new(load: Load, speakers: &'a [usize], from_us: u64) -> Self {
        let per_s = match load {
            Load::Open { per_s } => per_s,
            Load::Each { per_s } | Load::Moves { per_s } => per_s * speakers.len() as f64,
            Load::Closed { .. } | Load::Idle => 0.0,
        };
        let every_us = if per_s > 0.0 { 1_000_000.0 / per_s } else { 0.0 };
        Self { speakers, every_us, from_us, next: 0 }
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn at(&self) -> u64 {
        self.from_us + (self.next as f64 * self.every_us) as u64
    }

    fn wait(&self, now: u64) -> Duration {
        if self.every_us == 0.0 {
            return Duration::from_secs(1);
        }
        Duration::from_micros(self.at().saturating_sub(now))
    }

    fn due(&mut self, now: u64) -> Option<(usize, u64)> {
        if self.every_us == 0.0 || self.at() > now {
            return None;
        }
        let at = self.at();
        let nth = usize::try_from(self.next).ok()?.checked_rem(self.speakers.len())?;
        self.next += 1;
        Some((*self.speakers.get(nth)?, at))
    }
}
