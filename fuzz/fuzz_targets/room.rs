//! Feeds any bytes as frames of one socket, one per line: the room keeps its limits, and others miss no event.
#![no_main]

#[allow(dead_code, reason = "reading alone is another target")]
#[path = "../../tests/tests/fuzz/room.rs"]
mod room;

libfuzzer_sys::fuzz_target!(|frames: &[u8]| room::room(frames));
