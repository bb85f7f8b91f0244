//! The health of the isolate that answers: it asks nothing, and wakes nothing.

use crate::bindings;
use crate::clock::now;
use crate::error::Result;
use crate::telemetry::metrics;
use shared::http::Health;
use shared::time::{self, Time};
use std::cell::Cell;
use worker::wasm_bindgen::JsCast;
use worker::{Env, Response, js_sys, wasm_bindgen};

thread_local! {
    static BEGUN: Cell<Option<Time>> = const { Cell::new(None) };
}

/// Notes the first request of the isolate.
pub fn began(at: Time) {
    if BEGUN.get().is_none() {
        BEGUN.set(Some(at));
    }
}

/// Answers `GET /health`.
pub fn show(env: &Env) -> Result<Response> {
    let isolate = metrics::isolate();
    let (all, hits) = isolate.reads;
    #[allow(clippy::cast_precision_loss)]
    let share = (all > 0).then(|| (hits as f64 / all as f64 * 1000.0).round() / 1000.0);
    Ok(Response::from_json(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        build: bindings::build(env),
        uptime_ms: BEGUN.get().map_or(0, |begun| time::ms(now().since(begun))),
        memory_bytes: memory_bytes(),
        sockets: isolate.sockets.max(0).unsigned_abs(),
        cache_hit_share: share,
        region_p50_ms: isolate.region.percentile(50),
        region_p95_ms: isolate.region.percentile(95),
    })?)
}

/// Returns the size of the WebAssembly memory, which never shrinks. The platform shows no other memory.
fn memory_bytes() -> u64 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    let buffer = memory.map(|memory| memory.buffer().unchecked_into::<js_sys::ArrayBuffer>());
    buffer.map_or(0, |buffer| buffer.byte_length().into())
}
