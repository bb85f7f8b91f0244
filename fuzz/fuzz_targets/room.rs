//! Any bytes as the frames of one socket, a line each: the room stays within its bounds, and the others hear all.
#![no_main]

#[allow(dead_code, reason = "reading alone is another target")]
#[path = "../../tests/tests/fuzz/feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|frames: &[u8]| feed::room(frames));
