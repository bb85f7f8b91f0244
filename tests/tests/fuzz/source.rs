//! Generates frames: valid ones, mutated ones and noise, the same in every run.

use tests::kit::chance::Chance;

/// Valid frames, to be mutated.
const VALID: &[&str] = &[
    r#"{"id":12,"op":"say","key":"7f3a","body":{"text":"hello"}}"#,
    r#"{"id":"a","op":"say","key":"7f3b","ack":"durable","body":null}"#,
    r#"{"id":1,"op":"set","key":"k","body":{"keys":{"a":1,"b":null},"if_at":7}}"#,
    r#"{"op":"hint","to":"p_2","body":1}"#,
    r#"{"id":2,"op":"signal","key":"s","to":"p_2","body":{"sdp":"x"}}"#,
    r#"{"id":4,"op":"end","key":"e","body":{"winner":"p_1"}}"#,
    r#"{"id":5,"op":"kick","to":"p_2"}"#,
    r#"{"op":"seen","body":{"at":1057}}"#,
    r#"{"id":6,"op":"auth","body":{"token":"eyJ"}}"#,
    r#"{"id":6,"op":"debug","body":{"do":"panic"}}"#,
    r#"[{"id":7,"op":"say","body":1},{"id":8,"op":"seen","body":{"at":1}}]"#,
];

/// Fragments that break parsers.
const TRICKS: &[&str] = &[
    "\0",
    r"\u0000",
    r"\ud800",
    r"\udfff\ud800",
    "\u{feff}",
    "\u{202e}",
    "1e999",
    "-0",
    "1e-400",
    "null",
    "{}",
    "[]",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1e1",
    r#""op":"leave","#,
    r#""id":1,"id":2,"#,
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "true",
    "NaN",
    "\u{10ffff}",
    "//",
    "\r\n",
    r#""__proto__":{},"#,
    "é",
];

pub struct Source(Chance);

impl Source {
    pub fn new(seed: u64) -> Self {
        Self(Chance::new(seed))
    }

    pub fn frame(&mut self) -> String {
        match self.0.below(12) {
            0 => self.noise(),
            1 => self.nested(),
            2 => self.large(),
            3 => format!("[{}]", vec![self.0.pick(VALID); self.0.below(80)].join(",")),
            _ => self.mutated(),
        }
    }

    fn mutated(&mut self) -> String {
        let mut text = self.0.pick(VALID).to_owned();
        for _ in 0..self.0.below(4) {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = (self.0.below(chars.len() + 1), self.0.below(chars.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 6));
            let middle = match self.0.below(4) {
                0 => String::new(),
                1 => chars[from..to].iter().rev().collect(),
                _ => self.0.pick(TRICKS).to_owned(),
            };
            let (head, tail): (String, String) =
                (chars[..from].iter().collect(), chars[to..].iter().collect());
            text = format!("{head}{middle}{tail}");
        }
        text
    }

    fn noise(&mut self) -> String {
        let length = self.0.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| self.0.draw().to_le_bytes()[0]).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn nested(&mut self) -> String {
        let deep = self.0.below(60);
        let (open, shut) = self.0.pick(&[("[", "]"), (r#"{"op":"#, "}")]);
        format!(r#"{{"id":1,"op":"say","body":{}1{}}}"#, open.repeat(deep), shut.repeat(deep))
    }

    fn large(&mut self) -> String {
        let most = self.0.pick(&[100, 4_000, 8_200, 16_400]);
        let length = self.0.below(most);
        let part = self.0.pick(&["x", "é", r"\u0001", r#"\""#, "1e15,"]);
        if part == "1e15," {
            return format!(
                r#"{{"id":1,"op":"set","body":{{"keys":{{"n":[{}0]}}}}}}"#,
                part.repeat(length / 5)
            );
        }
        let text = part.repeat(length / part.len());
        let op = self.0.pick(&["say", "signal", "hint", "end"]);
        format!(r#"{{"id":1,"op":"{op}","to":"p_2","body":"{text}"}}"#)
    }
}
