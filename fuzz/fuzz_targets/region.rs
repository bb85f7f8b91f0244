//! Feeds any bytes as a body to a route of the region, which the first byte names: the answer is never a failure.
#![no_main]

#[allow(dead_code, reason = "the short runs of the tests use more of it")]
#[path = "../../tests/tests/fuzz/region.rs"]
mod region;

use std::cell::RefCell;

thread_local! {
    static REGION: RefCell<region::Region> = RefCell::new(region::Region::new());
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| REGION.with_borrow_mut(|region| region::bodies(region, input)));
