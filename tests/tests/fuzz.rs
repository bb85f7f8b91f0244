//! Does anything a client can send upset a room, or anybody else in it? Mutated and made-up frames, always the same.

#[path = "fuzz/feed.rs"]
mod feed;
#[path = "fuzz/made_up.rs"]
mod made_up;

use feed::Stage;
use made_up::Source;

/// Frames of one run.
const FRAMES: usize = 6_000;
/// Frames to one room, before the next begins.
const TO_ONE: usize = 300;

#[test]
fn nothing_a_client_sends_upsets_a_room() {
    let mut source = Source::new(7);
    let mut stage = Stage::new();
    for nth in 0..FRAMES {
        if nth % TO_ONE == 0 {
            stage = Stage::new();
        }
        let frame = source.frame();
        feed::read(&frame);
        stage.hear(frame.as_bytes());
    }
}

#[test]
fn what_is_far_too_much_is_refused_at_once() {
    let mut stage = Stage::new();
    let deep = "[".repeat(100_000);
    let objects = r#"{"op":"#.repeat(20_000);
    let long = format!(r#"{{"op":"say","body":"{}"}}"#, "x".repeat(40 * 1024 * 1024 / 8));
    let many = format!("[{}1]", "1,".repeat(100_000));
    let digits = format!(r#"{{"op":"say","body":{}}}"#, "9".repeat(16_000));
    let keys = format!(r#"{{"op":"set","body":{{"keys":{{{}"z":1}}}}}}"#, r#""a":1,"#.repeat(2_000));
    for frame in [deep, objects, long, many, digits, keys] {
        feed::read(&frame);
        stage.hear(frame.as_bytes());
    }
}
