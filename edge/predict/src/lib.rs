//! The modes as a WebAssembly module for browsers: what a move changes, before the room answers.
//!
//! The module has no imports. A caller asks for a buffer with [`input`], writes a JSON text into it, calls [`run`], and
//! reads as many bytes as it returns from [`output`]. `sdk/src/predict/index.ts` does it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::mode::{Fault, Seat, predict};
use shared::time::Time;
use std::cell::RefCell;

/// Longest question in bytes: a view of the largest state, and a move.
const QUESTION_BYTES_MAX: usize = 128 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A move that a player is about to make.
#[derive(Deserialize)]
struct Question {
    mode: String,
    /// The state as the player sees it.
    state: Value,
    seat: Seat,
    now: Time,
    body: Value,
}

/// The prediction of a move; without fields where the mode cannot tell.
#[derive(Default, Serialize)]
struct Answer {
    /// The state after the move.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Value>,
    /// The refusal that the room would answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// Returns a buffer for a question of `bytes` bytes; null for one that is longer than the module takes.
#[allow(unsafe_code, reason = "the name of an export")]
#[unsafe(no_mangle)]
pub extern "C" fn input(bytes: usize) -> *mut u8 {
    if bytes > QUESTION_BYTES_MAX {
        return std::ptr::null_mut();
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(bytes, 0);
        buffer.as_mut_ptr()
    })
}

/// Answers the question in the buffer, and returns the length of the answer.
#[allow(unsafe_code, reason = "the name of an export")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    BUFFER.with_borrow_mut(|buffer| {
        let answer = serde_json::from_slice(buffer).map(|question| answer(&question)).unwrap_or_default();
        *buffer = serde_json::to_vec(&answer).unwrap_or_default();
        buffer.len()
    })
}

/// Returns the answer of the last [`run`].
#[allow(unsafe_code, reason = "the name of an export")]
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    BUFFER.with_borrow(Vec::as_ptr)
}

fn answer(question: &Question) -> Answer {
    let Question { mode, state, seat, now, body } = question;
    match predict::predict(mode, state, *seat, *now, body.clone()) {
        None => Answer::default(),
        Some(Ok(state)) => Answer { state: Some(state), fault: None },
        Some(Err(fault)) => Answer { state: None, fault: Some(fault) },
    }
}
