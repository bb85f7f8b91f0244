//! Bytes as hexadecimal digits in lower case.

use std::fmt::Write as _;

/// Returns two digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Reads exactly this many bytes; none where a digit is missing, in upper case or not hexadecimal.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut out = [0; N];
    if pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_read_back() {
        let all: [u8; 256] = std::array::from_fn(|byte| u8::try_from(byte).unwrap_or_default());
        assert_eq!(unhex(&hex(&all)), Some(all));
    }

    #[test]
    fn other_lengths_and_other_digits_are_none() {
        assert_eq!(unhex("0aff"), Some([0x0a, 0xff]));
        for text in ["", "0", "0af", "0aff00", "0aFf", "0ag0", "0a0é"] {
            assert_eq!(unhex::<2>(text), None, "{text:?}");
        }
    }
}
