//! The lines of a child's output, and the counts that cargo's progress line has.

use std::io::{BufRead, BufReader, Read};

/// The lines of an output. A carriage return ends one too: programs overwrite a line of progress.
pub struct Lines<R>(BufReader<R>);

impl<R: Read> Lines<R> {
    /// Reads the lines of `from` until its end.
    pub fn of(from: R) -> Self {
        Self(BufReader::new(from))
    }

    /// Returns the bytes up to the next end of a line; none at the end of the output.
    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let read = self.0.fill_buf().ok()?;
            if read.is_empty() {
                return (!line.is_empty()).then_some(line);
            }
            let end = read.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            line.extend_from_slice(read.split_at(end.unwrap_or(read.len())).0);
            let used = end.map_or(read.len(), |end| end + 1);
            self.0.consume(used);
            if end.is_some() {
                return Some(line);
            }
        }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let line = self.next_bytes()?;
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// Returns the counts of cargo's line of progress, `Building [==>  ] 12/345: serde, syn`: the built crates, and all.
pub fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, rest) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (done, rest) = rest.split_once('/')?;
    let all = rest.split(|end: char| !end.is_ascii_digit()).next()?;
    Some((done.trim().parse().ok()?, all.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriage_return_ends_a_line_too() {
        let lines: Vec<_> = Lines::of("one\ntwo\rthree \r\nfour".as_bytes()).collect();
        assert_eq!(lines, ["one", "two", "three", "", "four"]);
        assert_eq!(Lines::of("\n".as_bytes()).collect::<Vec<_>>(), [""]);
        assert_eq!(Lines::of("".as_bytes()).next(), None);
    }

    #[test]
    fn counts_are_those_of_cargo() {
        assert_eq!(counts("    Building [====>        ] 12/345: serde, syn(build)..."), Some((12, 345)));
        assert_eq!(counts("    Building [=============] 345/345"), Some((345, 345)));
        assert_eq!(counts("   Compiling serde v1.0.0 [1/2]"), None);
        assert_eq!(counts("    Building [==>"), None);
    }
}
