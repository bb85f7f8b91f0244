//! Parses any text as a frame: it is accepted or refused, and never panics.
#![no_main]

#[allow(dead_code, reason = "the room is another target")]
#[path = "../../tests/tests/fuzz/room.rs"]
mod room;

libfuzzer_sys::fuzz_target!(|frame: &str| room::read(frame));
