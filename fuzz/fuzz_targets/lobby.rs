//! Feeds any bytes as frames of several sockets of a lobby, one per line: the lobby keeps its limits, and others lose nothing.
#![no_main]

#[allow(dead_code, reason = "the short runs of the tests use more of it")]
#[path = "../../tests/tests/fuzz/lobby.rs"]
mod lobby;

libfuzzer_sys::fuzz_target!(|input: &[u8]| lobby::lobby(input));
