//! Feeds any bytes as frames of one socket, one per line: the room keeps its limits, and others miss no event.
#![no_main]

#[allow(dead_code, reason = "reading alone is another target")]
#[path = "../../tests/tests/fuzz/feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|frames: &[u8]| feed::room(frames));
