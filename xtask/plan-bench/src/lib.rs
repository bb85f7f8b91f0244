//! The benchmark of match plans, which runs natively and as WebAssembly.
//!
//! `cargo xtask bench plan` builds both, runs both and prints the results side by side.

mod commands;
mod crowd;
mod measure;
mod rush;
mod windows;

pub use commands::{CommandCost, measure_commands};
pub use measure::{Entry, Row, measure};
pub use rush::{Rush, measure_rushes};
use serde::{Deserialize, Serialize};
pub use windows::{Window, measure_windows};

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The plans, by crowd and size.
    pub rows: Vec<Row>,
    /// Single commands in a lobby at its ticket limit.
    pub commands: Vec<CommandCost>,
    /// Waits and gaps when many tickets arrive.
    pub rushes: Vec<Rush>,
    /// The wait that the rating window grows with.
    pub windows: Vec<Window>,
}

/// Measures all crowds at these sizes, `runs` times each, and single commands.
pub fn run(sizes: &[u32], runs: u32, clock: &mut impl FnMut() -> f64) -> Figures {
    let tickets = u32::try_from(shared::limits::TICKETS_MAX).unwrap_or(u32::MAX);
    Figures {
        rows: measure(sizes, runs, clock),
        commands: measure_commands(tickets, clock),
        rushes: measure_rushes(),
        windows: measure_windows(),
    }
}

/// The benchmark and its clock for JavaScript hosts.
#[cfg(target_arch = "wasm32")]
mod js {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// Returns milliseconds since an arbitrary origin, with fractions.
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }

    /// Measures all crowds at these sizes, `runs` times each, and returns the figures as JSON.
    #[wasm_bindgen]
    #[must_use]
    #[allow(clippy::needless_pass_by_value)]
    pub fn run(sizes: Vec<u32>, runs: u32) -> String {
        let figures = super::run(&sizes, runs, &mut now);
        serde_json::to_string(&figures).unwrap_or_default()
    }
}
