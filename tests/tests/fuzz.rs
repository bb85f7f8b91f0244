//! Sends mutated and generated frames to a room, the same in every run, and checks that only their sender is
//! affected.

#[path = "fuzz/feed.rs"]
mod feed;
#[path = "fuzz/source.rs"]
mod source;

use feed::Stage;
use source::Source;

/// Frames of one run.
const FRAMES: usize = 6_000;
/// Frames to one room, before a new room is made.
const PER_ROOM: usize = 300;

#[test]
fn no_frame_disturbs_a_room() {
    let mut source = Source::new(7);
    let mut stage = Stage::new();
    for nth in 0..FRAMES {
        if nth % PER_ROOM == 0 {
            stage = Stage::new();
        }
        let frame = source.frame();
        feed::read(&frame);
        stage.feed(frame.as_bytes());
    }
}

#[test]
fn oversized_frames_are_refused_at_once() {
    let mut stage = Stage::new();
    let deep = "[".repeat(100_000);
    let objects = r#"{"op":"#.repeat(20_000);
    let long = format!(r#"{{"op":"say","body":"{}"}}"#, "x".repeat(40 * 1024 * 1024 / 8));
    let many = format!("[{}1]", "1,".repeat(100_000));
    let digits = format!(r#"{{"op":"say","body":{}}}"#, "9".repeat(16_000));
    let keys = format!(r#"{{"op":"set","body":{{"keys":{{{}"z":1}}}}}}"#, r#""a":1,"#.repeat(2_000));
    for frame in [deep, objects, long, many, digits, keys] {
        feed::read(&frame);
        stage.feed(frame.as_bytes());
    }
}
