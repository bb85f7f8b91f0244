//! The benchmark of match plans, which runs natively and as WebAssembly.
//!
//! `cargo xtask bench plan` builds both, runs both and prints the results side by side.

mod crowd;
mod measure;

pub use measure::{Entry, Row, measure};

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

    /// Measures all crowds at these sizes, `runs` times each, and returns the rows as JSON.
    #[wasm_bindgen]
    #[must_use]
    #[allow(clippy::needless_pass_by_value)]
    pub fn run(sizes: Vec<u32>, runs: u32) -> String {
        let rows = super::measure(&sizes, runs, &mut now);
        serde_json::to_string(&rows).unwrap_or_default()
    }
}
