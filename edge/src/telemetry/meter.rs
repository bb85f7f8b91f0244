//! The platform's billed units of this isolate, counted where they occur, and reported with the metrics.
//!
//! The clock of a Worker stands still while code runs, so awake time is the time that an object spends waiting: for an
//! answer, or for a timer. Those are the spans in which the platform cannot let it sleep.

use crate::clock::now;
use crate::telemetry::trace;
use shared::metrics::Tally;
use shared::time::{self, Time};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;

/// A class of objects, as bills and wrangler.toml name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Objects of rooms.
    Room,
    /// Shards of queues.
    Lobby,
    /// Shares of the players.
    Player,
    /// The object of the metrics.
    Metrics,
}

/// A count that has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Billed {
    /// Requests to objects, openings of sockets among them.
    Requests,
    /// Alarms that rang.
    Alarms,
    /// Frames that clients sent.
    Frames,
    /// Rows that statements read.
    RowsRead,
    /// Rows written; an alarm that is set is one.
    RowsWritten,
    /// Milliseconds in which an object could not sleep.
    AwakeMs,
}

thread_local! {
    static COUNTS: RefCell<BTreeMap<(Class, Billed), u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Adds to a count.
pub fn add(class: Class, billed: Billed, more: u64) {
    if more > 0 {
        COUNTS.with_borrow_mut(|counts| *counts.entry((class, billed)).or_default() += more);
    }
}

/// Moves the counts to a report.
pub fn drain(tally: &mut Tally) {
    for ((class, billed), count) in COUNTS.take() {
        tally.count_by(&format!("{}{{class=\"{}\"}}", billed.metric(), class.name()), count);
    }
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Lobby => "lobby",
            Self::Player => "player",
            Self::Metrics => "metrics",
        }
    }
}

impl Billed {
    const fn metric(self) -> &'static str {
        match self {
            Self::Requests => "matchpoint_object_requests_total",
            Self::Alarms => "matchpoint_object_alarms_total",
            Self::Frames => "matchpoint_object_frames_total",
            Self::RowsRead => "matchpoint_object_rows_read_total",
            Self::RowsWritten => "matchpoint_object_rows_written_total",
            Self::AwakeMs => "matchpoint_object_awake_milliseconds_total",
        }
    }
}

/// The measure of one object's waits. Overlapping spans count once.
pub struct Awake {
    class: Class,
    waits: Cell<u32>,
    since: Cell<Time>,
}

/// A span in which the object waits; it ends when this is dropped.
pub struct Wait(Rc<Awake>);

impl Awake {
    /// Creates the measure of an object.
    pub fn new(class: Class) -> Rc<Self> {
        Rc::new(Self { class, waits: Cell::default(), since: Cell::default() })
    }

    /// Counts a request, and begins the span in which it is answered.
    pub fn request(self: &Rc<Self>) -> Wait {
        add(self.class, Billed::Requests, 1);
        self.wait()
    }

    /// Counts an event: a frame or an alarm.
    pub fn event(&self, billed: Billed) {
        add(self.class, billed, 1);
    }

    /// Runs a future that the object waits for.
    pub fn spawn(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let wait = self.wait();
        spawn_local(trace::within(trace::origin(), async move {
            work.await;
            drop(wait);
        }));
    }

    fn wait(self: &Rc<Self>) -> Wait {
        if self.waits.replace(self.waits.get() + 1) == 0 {
            self.since.set(now());
        }
        Wait(Rc::clone(self))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Self(awake) = self;
        awake.waits.set(awake.waits.get().saturating_sub(1));
        if awake.waits.get() == 0 {
            add(awake.class, Billed::AwakeMs, time::ms(now().since(awake.since.get())));
        }
    }
}
