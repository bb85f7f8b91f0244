//! How long it takes to decide who plays whom: the same work for this machine and for WebAssembly.
//!
//! `cargo xtask bench plan` builds it for both, runs both and shows them side by side.

mod crowd;
mod measure;

pub use measure::{Entry, Row, measure};

/// What a browser's or Node's clock says.
#[cfg(target_arch = "wasm32")]
mod js {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// Milliseconds from any beginning, with fractions.
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }

    /// Measures pools of these sizes, so many times each. The rows, as JSON.
    #[wasm_bindgen]
    #[must_use]
    #[allow(clippy::needless_pass_by_value)]
    pub fn run(sizes: Vec<u32>, runs: u32) -> String {
        let rows = super::measure(&sizes, runs, &mut now);
        serde_json::to_string(&rows).unwrap_or_default()
    }
}
