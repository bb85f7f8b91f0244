//! Feeds any bytes to a player object, one frame, request or notice per line: it keeps its limits and its disk.
#![no_main]

#[allow(dead_code, reason = "the short runs of the tests use more of it")]
#[path = "../../tests/tests/fuzz/player.rs"]
mod player;

libfuzzer_sys::fuzz_target!(|input: &[u8]| player::player(input));
