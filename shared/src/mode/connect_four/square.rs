//! The squares of Connect Four.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) const COLUMNS: i8 = 7;
pub(super) const ROWS: i8 = 6;
/// The letters of the columns.
const LETTERS: &[u8; COLUMNS as usize] = b"abcdefg";

/// A square by its column and row, both from 0. Its name has the row from 1: `d1` is the lowest square of the fourth column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Square {
    pub column: i8,
    pub row: i8,
}

impl Square {
    /// Returns the square that is `steps` in a direction from this one; it may be outside of the board.
    pub(super) fn at(self, steps: i8, (columns, rows): (i8, i8)) -> Self {
        Self { column: self.column + steps * columns, row: self.row + steps * rows }
    }

    fn parse(name: &str) -> Option<Self> {
        let [letter, digit] = *name.as_bytes() else { return None };
        let column = LETTERS.iter().position(|known| *known == letter)?;
        let row = i8::try_from(digit.checked_sub(b'1')?).ok()?;
        Some(Self { column: i8::try_from(column).ok()?, row }).filter(|square| square.row < ROWS)
    }
}

impl Serialize for Square {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Each move writes the board several times; formatting would take most of it.
        let letter = usize::try_from(self.column).ok().and_then(|column| LETTERS.get(column));
        let digit = u8::try_from(self.row).ok().filter(|row| *row < 9).map(|row| b'1' + row);
        let name = [*letter.unwrap_or(&b'?'), digit.unwrap_or(b'?')];
        serializer.serialize_str(str::from_utf8(&name).unwrap_or("?"))
    }
}

impl<'de> Deserialize<'de> for Square {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| D::Error::custom(format!("no square is called `{name}`")))
    }
}
