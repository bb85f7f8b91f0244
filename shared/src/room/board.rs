//! The board of a room: keys and values, each with the position that wrote it.

use crate::limits;
use crate::wire::room::Cell;
use crate::wire::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The shared board of a room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    cells: BTreeMap<String, Cell>,
    at: u64,
}

impl Board {
    /// Checks a write: none of its keys is newer than `if_at`, and the board stays within its limits.
    pub fn check(&self, keys: &Map<String, Value>, if_at: Option<u64>) -> Result<(), Refusal> {
        let newest = keys.keys().filter_map(|key| self.cells.get(key)).map(|cell| cell.at).max();
        if let (Some(if_at), Some(newest)) = (if_at, newest)
            && newest > if_at
        {
            let message = format!("written at {newest}, after your {if_at}: read the board and decide again");
            return Err(Refusal {
                at: Some(newest),
                retry: true,
                ..Refusal::new(RefusalCode::Conflict, message)
            });
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
            } else {
                self.cells.insert(key.clone(), Cell { v: value.clone(), at });
            }
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
    fn write_beyond_the_limit_is_refused() {
        check(&json!({"big": "x".repeat(limits::BOARD_BYTES_MAX)}), None, Some(RefusalCode::BoardFull));
    }

    #[test]
    fn null_removes_a_key() {
        let mut board = board();
        board.write(json!({"a": null}).as_object().unwrap(), 6);
        assert_eq!(json!(board.view()), json!({"b": {"v": 2, "at": 5}}));
    }
}
