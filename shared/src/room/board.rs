//! What stands written in a room: keys and values, each with the position that wrote it.

use crate::caps;
use crate::protocol::{Code, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The shared board of a room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    cells: BTreeMap<String, Cell>,
    at: u64,
}

/// A value, and when it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cell {
    v: Value,
    at: u64,
}

impl Board {
    /// Whether this write may happen: nothing newer than `if_at`, and the whole within its bound.
    pub fn check(&self, keys: &Map<String, Value>, if_at: Option<u64>) -> Result<(), Fault> {
        let newest = keys.keys().filter_map(|key| self.cells.get(key)).map(|cell| cell.at).max();
        if let (Some(if_at), Some(newest)) = (if_at, newest)
            && newest > if_at
        {
            let message = format!("written at {newest}, after your {if_at}: look again and decide anew");
            return Err(Fault { at: Some(newest), retry: true, ..Fault::new(Code::Conflict, message) });
        }
        let mut after = self.clone();
        after.write(keys, 0);
        let bytes: usize = after.cells.iter().map(|(key, cell)| key.len() + weight(&cell.v)).sum();
        if bytes > caps::BOARD_BYTES || after.cells.len() > caps::BOARD_KEYS {
            let (most, keys) = (caps::BOARD_BYTES, caps::BOARD_KEYS);
            let message = format!("the board holds {most} bytes in {keys} keys: remove some with null");
            return Err(Fault { field: Some("body.keys".into()), ..Fault::new(Code::BoardFull, message) });
        }
        Ok(())
    }

    /// The position of its newest write.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The board as members see it: `{"key":{"v":…,"at":12}}`.
    #[must_use]
    pub fn view(&self) -> Value {
        serde_json::to_value(&self.cells).unwrap_or_default()
    }

    /// Writes the keys at a position; null removes.
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

    fn check(keys: &Value, if_at: Option<u64>, expected: Option<Code>) {
        let got = board().check(keys.as_object().unwrap(), if_at).err().map(|fault| fault.code);
        assert_eq!(got, expected, "{keys} {if_at:?}");
    }

    #[test]
    fn compare_and_set_looks_at_the_keys_named() {
        check(&json!({"a": 2}), Some(4), Some(Code::Conflict));
        check(&json!({"a": 2}), Some(5), None);
        check(&json!({"a": 2}), None, None);
        check(&json!({"c": 2}), Some(0), None);
    }

    #[test]
    fn it_does_not_grow_beyond_its_bound() {
        check(&json!({"big": "x".repeat(caps::BOARD_BYTES)}), None, Some(Code::BoardFull));
    }

    #[test]
    fn null_removes() {
        let mut board = board();
        board.write(json!({"a": null}).as_object().unwrap(), 6);
        assert_eq!(board.view(), json!({"b": {"v": 2, "at": 5}}));
    }
}
