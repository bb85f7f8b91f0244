//! Feeds any bytes as a token, as a key set, and as bit flips of a valid token: only the valid token is accepted.
#![no_main]

#[allow(dead_code, reason = "the short runs of the tests use more of it")]
#[path = "../../tests/tests/fuzz/tokens.rs"]
mod tokens;

libfuzzer_sys::fuzz_target!(|input: &[u8]| tokens::tokens(input));
