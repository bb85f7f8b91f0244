//! The counters of this isolate, since its last report.

use crate::clock::now;
use crate::telemetry::meter;
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::metrics::{Counter, Measure, Observed, Recent, Tally};
use shared::time::Time;
use std::cell::{Cell, RefCell};

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
    static COUNTERS: RefCell<[u64; Counter::ALL.len()]> = const { RefCell::new([0; Counter::ALL.len()]) };
    static NEXT_REPORT: Cell<Time> = Cell::default();
    static RECENT: RefCell<Recent> = RefCell::default();
    /// Profile reads since the isolate began: all, and those from the cache.
    static READS: Cell<(u64, u64)> = Cell::default();
    static SOCKETS: Cell<i64> = Cell::default();
}

/// The counts of the isolate since it began, for its health report.
#[derive(Debug)]
pub struct Isolate {
    pub sockets: i64,
    /// Profile reads: all, and those from the cache.
    pub reads: (u64, u64),
    /// The last requests to the region.
    pub region: Recent,
}

/// Returns what the isolate has counted since it began.
pub fn isolate() -> Isolate {
    Isolate { sockets: SOCKETS.get(), reads: READS.get(), region: RECENT.with_borrow(Clone::clone) }
}

/// Counts an event whose series is fixed.
pub fn add(counter: Counter) {
    add_many(counter, 1);
}

fn add_many(counter: Counter, more: u32) {
    COUNTERS.with_borrow_mut(|counters| {
        if let Some(count) = counters.get_mut(counter as usize) {
            *count += u64::from(more);
        }
    });
}

/// Adds a value to a histogram: milliseconds, or bytes.
pub fn measure(measure: Measure, value: u64) {
    TALLY.with_borrow_mut(|tally| tally.observe(measure.name(), value));
}

/// Takes what a machine has observed. The pool is that of a lobby.
pub fn observe(pool: Option<&PoolName>, observed: &mut Observed) {
    let of_pool =
        |name: &str| pool.map_or_else(|| name.to_owned(), |pool| format!("{name}{{pool=\"{pool}\"}}"));
    let counted = |counter: Counter, count: u32| {
        if counter == Counter::Match {
            let series = of_pool(counter.series());
            TALLY.with_borrow_mut(|tally| tally.count_by(&series, count.into()));
        } else {
            add_many(counter, count);
        }
    };
    let measured = |measured: Measure, value| {
        if measured == Measure::MatchWait {
            let series = of_pool(measured.name());
            TALLY.with_borrow_mut(|tally| tally.observe(&series, value));
        } else {
            measure(measured, value);
        }
    };
    observed.take(counted, measured);
}

/// Counts a request to the region: its duration, and whether the region answered it.
pub fn region_answered(since: Time, is_ready: bool) {
    let at = now();
    let duration = at.since(since);
    RECENT.with_borrow_mut(|recent| recent.add(duration));
    measure(Measure::RegionRequest, shared::time::ms(duration));
    found_ready(is_ready);
}

/// Notes that the service was found ready, or not, for the history of readiness.
pub fn found_ready(is_ready: bool) {
    TALLY.with_borrow_mut(|tally| tally.record_ready(now(), is_ready));
}

fn count(series: &str) {
    TALLY.with_borrow_mut(|tally| tally.count(series));
}

/// Counts an answered request, and its duration.
pub fn answered(route: &str, status: u16, since: Time) {
    count(&format!("matchpoint_requests_total{{route=\"{route}\",status=\"{status}\"}}"));
    let ms = shared::time::ms(now().since(since));
    TALLY.with_borrow_mut(|tally| tally.observe_duration(route, ms));
}

/// Counts a refusal by its code.
pub fn refused(code: &str) {
    count(&format!("matchpoint_refusals_total{{code=\"{code}\"}}"));
}

/// Counts a profile read by its source.
pub fn profile_read(source: &str) {
    count(&format!("matchpoint_reads_total{{how=\"{source}\"}}"));
    let (all, hits) = READS.get();
    READS.set((all + 1, hits + u64::from(source == "hit")));
}

/// Counts a player who presented a valid token.
pub fn player_seen(player: &PlayerId) {
    TALLY.with_borrow_mut(|tally| tally.record_player(player));
}

/// Counts an opened socket of a kind of object: `room`, `lobby` or `me`.
pub fn socket_opened(kind: &str) {
    count(&format!("matchpoint_sockets_opened_total{{kind=\"{kind}\"}}"));
    socket(kind, 1);
}

/// Counts a closed socket.
pub fn socket_closed(kind: &str) {
    socket(kind, -1);
}

fn socket(kind: &str, by: i64) {
    let series = format!("matchpoint_sockets{{kind=\"{kind}\"}}");
    SOCKETS.set(SOCKETS.get() + by);
    TALLY.with_borrow_mut(|tally| tally.change(&series, by));
}

/// Counts a created room.
pub fn room_opened() {
    count("matchpoint_rooms_opened_total");
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", 1));
}

/// Counts an erased room.
pub fn room_erased() {
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", -1));
}

/// Takes the counts since the last report.
pub fn take() -> Tally {
    let mut tally = TALLY.take();
    meter::drain(&mut tally);
    let counters = COUNTERS.replace([0; Counter::ALL.len()]);
    for (counter, count) in Counter::ALL.iter().zip(counters).filter(|(_, count)| *count > 0) {
        tally.count_by(counter.series(), count);
    }
    tally
}

/// Takes the counts if a report is due at this time.
pub fn take_due(at: Time) -> Option<Tally> {
    if at < NEXT_REPORT.get() {
        return None;
    }
    let tally = take();
    if tally.is_empty() {
        return None;
    }
    NEXT_REPORT.set(at + limits::METRICS_INTERVAL);
    Some(tally)
}

/// Puts counts back whose report failed; the next report has them.
pub fn keep(tally: &Tally) {
    TALLY.with_borrow_mut(|since| since.add(tally));
}
