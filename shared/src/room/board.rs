//! The board of a room: keys and values, each with the position that wrote it.

use crate::limits;
use crate::wire::room::Cell;
use crate::wire::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The shared board of a room.
///
/// Absence has a version too: a key that was removed keeps the position of its removal, so that a write based on what was
/// there before is a conflict. The newest [`limits::BOARD_REMOVED_MAX`] removals are kept; all other absent keys share
/// one position, that of the newest removal that was dropped. A comparison may then refuse a write that nothing
/// contradicts, and never accepts one that something does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    cells: BTreeMap<String, Cell>,
    /// The positions at which absent keys were removed.
    #[serde(default)]
    removed: BTreeMap<String, u64>,
    /// The position that all other absent keys share.
    #[serde(default)]
    absent_at: u64,
    at: u64,
}

impl Board {
    /// Checks a write: none of its keys is newer than `if_at`, and the board stays within its limits. Either all keys
    /// may be written, or none.
    pub fn check(&self, keys: &Map<String, Value>, if_at: Option<u64>) -> Result<(), Refusal> {
        let newest = keys.keys().map(|key| self.written_at(key)).max();
        if let (Some(if_at), Some(newest)) = (if_at, newest)
            && newest > if_at
        {
            let message = format!("written at {newest}, after your {if_at}: read the board and decide again");
            return Err(Refusal { at: Some(newest), ..Refusal::new(RefusalCode::Conflict, message) });
        }
        let mut after = self.clone();
        after.write(keys, 0);
        let bytes: usize = after.cells.iter().map(|(key, cell)| key.len() + weight(&cell.v)).sum();
        if bytes > limits::BOARD_BYTES_MAX || after.cells.len() > limits::BOARD_KEYS_MAX {
            let (most, keys) = (limits::BOARD_BYTES_MAX, limits::BOARD_KEYS_MAX);
            let message = format!("the board holds {most} bytes in {keys} keys: remove some with null");
            return Err(Refusal {
                field: Some("body.keys".into()),
                ..Refusal::new(RefusalCode::BoardFull, message)
            });
        }
        Ok(())
    }

    /// Returns the position at which a key was last written or removed.
    fn written_at(&self, key: &str) -> u64 {
        let cell = self.cells.get(key).map(|cell| cell.at);
        cell.or_else(|| self.removed.get(key).copied()).unwrap_or(self.absent_at)
    }

    /// Returns the position of the newest write.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Returns the board as members receive it.
    #[must_use]
    pub fn view(&self) -> BTreeMap<String, Cell> {
        self.cells.clone()
    }

    /// Writes the keys at a position; null removes a key.
    pub fn write(&mut self, keys: &Map<String, Value>, at: u64) {
        self.at = at;
        for (key, value) in keys {
            if value.is_null() {
                self.cells.remove(key);
                self.removed.insert(key.clone(), at);
            } else {
                self.removed.remove(key);
                self.cells.insert(key.clone(), Cell { v: value.clone(), at });
            }
        }
        while self.removed.len() > limits::BOARD_REMOVED_MAX {
            let oldest = self.removed.iter().min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at));
            let Some((key, at)) = oldest else { break };
            self.removed.remove(&key);
            self.absent_at = self.absent_at.max(at);
        }
    }
}

fn weight(value: &Value) -> usize {
    serde_json::to_string(value).map_or(usize::MAX / 2, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn board() -> Board {
        let mut board = Board::default();
        board.write(json!({"a": 1, "b": 2}).as_object().unwrap(), 5);
        board
    }

    fn check(keys: &Value, if_at: Option<u64>, expected: Option<RefusalCode>) {
        let got = board().check(keys.as_object().unwrap(), if_at).err().map(|refusal| refusal.code);
        assert_eq!(got, expected, "{keys} {if_at:?}");
    }

    #[test]
    fn compare_and_set_compares_only_the_named_keys() {
        check(&json!({"a": 2}), Some(4), Some(RefusalCode::Conflict));
        check(&json!({"a": 2}), Some(5), None);
        check(&json!({"a": 2}), None, None);
        check(&json!({"c": 2}), Some(0), None);
    }

    #[test]
    fn one_newer_key_refuses_all_keys_wherever_it_stands() {
        let mut board = board();
        write(&mut board, &json!({"b": 3}), 7);
        for keys in [json!({"a": 1, "b": 1}), json!({"b": 1, "c": 1}), json!({"a": 1, "b": null, "c": 1})] {
            let before = board.clone();
            assert_eq!(conflict(&board, &keys, 6), Some(7), "{keys}");
            assert_eq!(board, before);
            assert_eq!(conflict(&board, &keys, 7), None, "{keys}");
        }
    }

    #[test]
    fn removal_is_a_write_of_its_key() {
        let mut board = board();
        write(&mut board, &json!({"a": null, "never": null}), 6);
        assert_eq!(json!(board.view()), json!({"b": {"v": 2, "at": 5}}));
        for key in ["a", "never"] {
            assert_eq!(conflict(&board, &json!({ key: 1 }), 5), Some(6), "{key}");
            assert_eq!(conflict(&board, &json!({ key: null }), 5), Some(6), "{key}");
            assert_eq!(conflict(&board, &json!({ key: 1 }), 6), None, "{key}");
        }
        // A lock that was released, taken again and released again in between.
        write(&mut board, &json!({"a": 1}), 7);
        write(&mut board, &json!({"a": null}), 8);
        assert_eq!(conflict(&board, &json!({"a": 2}), 7), Some(8));
        let stored = serde_json::to_string(&board).unwrap();
        assert_eq!(serde_json::from_str::<Board>(&stored).unwrap(), board);
    }

    #[test]
    fn removals_are_bounded_and_dropping_one_never_accepts_a_stale_write() {
        let mut board = board();
        let most = limits::BOARD_REMOVED_MAX as u64;
        for n in 0..most + 10 {
            let key = format!("{n:0>64}");
            write(&mut board, &json!({ &key: 1 }), 10 + 2 * n);
            write(&mut board, &json!({ &key: null }), 11 + 2 * n);
        }
        for n in 0..most + 10 {
            let key = format!("{n:0>64}");
            let removed = 11 + 2 * n;
            assert!(conflict(&board, &json!({ &key: 1 }), removed - 1) >= Some(removed), "{n}");
        }
        // The newest ten of the dropped removals ended at this position.
        assert_eq!(conflict(&board, &json!({"new": 1}), 28), Some(29));
        assert_eq!(conflict(&board, &json!({"new": 1}), 29), None);
        assert_eq!(board.removed.len(), limits::BOARD_REMOVED_MAX);
        assert!(serde_json::to_string(&board.removed).unwrap().len() < limits::BOARD_BYTES_MAX);
    }

    #[test]
    fn board_stored_without_removals_is_read() {
        let stored = r#"{"cells":{"a":{"v":1,"at":5}},"at":5}"#;
        let board: Board = serde_json::from_str(stored).unwrap();
        assert_eq!(conflict(&board, &json!({"a": 2, "b": 2}), 4), Some(5));
    }

    #[test]
    fn write_beyond_the_limit_is_refused() {
        check(&json!({"big": "x".repeat(limits::BOARD_BYTES_MAX)}), None, Some(RefusalCode::BoardFull));
    }

    fn write(board: &mut Board, keys: &Value, at: u64) {
        board.write(keys.as_object().unwrap(), at);
    }

    /// Returns the position of the newer write, if there is one; a conflict is never worth a repetition.
    fn conflict(board: &Board, keys: &Value, if_at: u64) -> Option<u64> {
        let refusal = board.check(keys.as_object().unwrap(), Some(if_at)).err()?;
        assert_eq!((refusal.code, refusal.retry), (RefusalCode::Conflict, false));
        refusal.at
    }
}
