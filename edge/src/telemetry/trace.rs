//! The trace of the work that runs now. A Worker runs one piece of work at a time, so the trace is a variable that each piece
//! of work sets whenever it runs, and no function passes it on.

use crate::clock;
use shared::sign::{self, SignKeys};
use shared::trace::{self, Trace};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use worker::{Headers, Request};

/// The trace of a piece of work, and where it began.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    pub trace: Trace,
    /// True if the caller named the trace.
    pub is_named: bool,
    /// The path's template, or the class of the object.
    pub route: &'static str,
}

thread_local! {
    static CURRENT: Cell<Option<Origin>> = const { Cell::new(None) };
}

/// Sets the trace until it is dropped, also by a panic.
pub struct Scope(Option<Origin>);

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl Origin {
    /// Returns the trace of a request that a client or the region sent: what it names, or a new one.
    pub fn of_request(headers: &Headers, route: &'static str) -> Self {
        let header = |name| headers.get(name).ok().flatten();
        let named = header(trace::HEADER).and_then(|value| Trace::of_traceparent(&value));
        let named = named.or_else(|| {
            let protocols = header("sec-websocket-protocol")?;
            protocols.split(',').find_map(|protocol| Trace::of_subprotocol(protocol.trim()))
        });
        let named = named.or_else(|| SignKeys::trace(&header(sign::HEADER)?));
        Self { trace: named.unwrap_or_else(new), is_named: named.is_some(), route }
    }

    /// Returns the trace of a request that the Worker or another object sent.
    pub fn of_internal(request: &Request, class: &'static str) -> Self {
        let header = request.headers().get(trace::HEADER).ok().flatten();
        let trace = header.and_then(|value| Trace::of_traceparent(&value)).unwrap_or_else(new);
        Self { trace, is_named: false, route: class }
    }
}

/// Runs work under a trace.
pub async fn within<T>(origin: Option<Origin>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _scope = Scope(CURRENT.replace(origin));
        work.as_mut().poll(context)
    })
    .await
}

/// Sets the trace of a machine until the result is dropped; none leaves the present one.
pub fn enter(trace: Option<Trace>, class: &'static str) -> Scope {
    let before = CURRENT.get();
    if let Some(trace) = trace {
        CURRENT.set(Some(Origin { trace, is_named: false, route: class }));
    }
    Scope(before)
}

/// Returns the trace of the work that runs now, and where it began.
pub fn origin() -> Option<Origin> {
    CURRENT.get()
}

/// Returns the trace of the work that runs now; a new one for work without one.
pub fn current() -> Trace {
    CURRENT.get().map_or_else(new, |origin| origin.trace)
}

/// Returns the trace that the caller of this work named, if it did.
pub fn named() -> Option<Trace> {
    CURRENT.get().filter(|origin| origin.is_named).map(|origin| origin.trace)
}

fn new() -> Trace {
    // Without randomness there is no token to verify either; the trace of the time is then as good as any.
    Trace::new(clock::random_bytes().unwrap_or_else(|_| u128::from(clock::now().ms()).to_be_bytes()))
}
