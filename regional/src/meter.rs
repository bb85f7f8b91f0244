//! The usage of this process that is billed, and the times of its last requests: for its health report, from which a load run
//! on one machine reads its bill.

use crate::request_metrics::RequestMetric;
use serde::Serialize;
use shared::metrics::Recent;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// Bytes of a page of memory on Linux, on both architectures of Lambda.
const PAGE_BYTES: u64 = 4096;

/// The meter of one process.
#[derive(Debug)]
pub struct Meter {
    begun: Instant,
    in_progress: AtomicU32,
    figures: Mutex<(Usage, Recent)>,
}

/// The usage of a process since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = RegionUsage)]
pub struct Usage {
    pub requests: u64,
    /// The duration of all requests, each rounded up to a millisecond, as Lambda bills it.
    pub billed_ms: u64,
    /// The bytes of the records of all requests, as CloudWatch bills them.
    pub logged_bytes: u64,
    /// Calls to the store.
    pub store_calls: u64,
    /// Read units that the store billed.
    pub read_units: f64,
    /// Write units that the store billed.
    pub write_units: f64,
}

/// A request in progress, until it is dropped.
#[derive(Debug)]
pub struct InProgress<'a>(&'a Meter);

impl Default for Meter {
    fn default() -> Self {
        let (in_progress, figures) = (AtomicU32::default(), Mutex::default());
        Self { begun: Instant::now(), in_progress, figures }
    }
}

impl Meter {
    /// Counts a request while it is answered.
    pub fn begin(&self) -> InProgress<'_> {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        InProgress(self)
    }

    /// Adds an answered request.
    pub fn add(&self, metric: &RequestMetric, logged_bytes: usize) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let (usage, recent) = &mut *figures;
        usage.requests += 1;
        usage.billed_ms += metric.billed_ms();
        usage.logged_bytes += u64::try_from(logged_bytes).unwrap_or_default();
        usage.store_calls += u64::from(metric.usage.calls);
        usage.read_units += metric.usage.read_units;
        usage.write_units += metric.usage.write_units;
        if metric.usage.calls > 0 {
            recent.add(metric.usage.waited);
        }
    }

    /// Returns the usage, and the times for which the last requests waited for the store.
    pub fn figures(&self) -> (Usage, Recent) {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the age of the process.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Returns the number of requests that are being answered.
    #[must_use]
    pub fn in_progress(&self) -> u32 {
        self.in_progress.load(Ordering::Relaxed)
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the memory of the process that is in use; none where the platform does not show it.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(resident * PAGE_BYTES)
}
