//! Generates frames and bodies: valid ones, mutated ones and noise, the same for the same seed.

use tests::kit::chance::Chance;

/// Valid frames of a room, to be mutated.
pub const ROOM: &[&str] = &[
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

/// Valid frames of a lobby.
pub const LOBBY: &[&str] = &[
    r#"{"id":1,"op":"enter","key":"k1"}"#,
    r#"{"id":1,"op":"enter"}"#,
    r#"{"id":2,"op":"enter","key":"k2","body":{"attrs":{"lang":"en","likes":["chess","go"],"age":30},"wants":[{"attr":"lang","is":"en","relax":{"after_s":3}}]}}"#,
    r#"{"id":3,"op":"enter","body":{"wants":[{"attr":"rating","within":100,"relax":{"after_s":1,"to":300}},{"attr":"likes","shares":true}]}}"#,
    r#"{"id":4,"op":"enter","body":{"attrs":{"age":20},"wants":[{"attr":"age","between":[18,30]},{"attr":"lang","any_of":["en","fr"]}]}}"#,
    r#"{"id":5,"op":"leave"}"#,
    r#"{"id":6,"op":"accept"}"#,
    r#"{"id":7,"op":"decline"}"#,
    r#"{"id":8,"op":"why"}"#,
    r#"{"id":9,"op":"party"}"#,
    r#"{"id":10,"op":"join","body":{"party":"aaaaaa"}}"#,
    r#"{"id":11,"op":"put_out","body":{"player":"p_2"}}"#,
    r#"{"id":12,"op":"auth","body":{"token":"eyJ"}}"#,
    r#"[{"id":13,"op":"enter"},{"id":14,"op":"why"},{"id":15,"op":"leave"},{"id":16,"op":"enter"}]"#,
];

/// Valid steps of a player object; see `player::KINDS`.
pub const PLAYER: &[&str] = &[
    r#"f{"id":1,"op":"devices"}"#,
    r#"f{"id":2,"op":"active","body":{"active":false}}"#,
    r#"f{"id":3,"op":"auth","body":{"token":"eyJ"}}"#,
    r#"f[{"id":4,"op":"devices"},{"op":"active","body":{"active":true}}]"#,
    r#"r{"claim":{"object":"room:m_1","conn":7,"holding":[],"replaces":[],"at":1733000000000,"ep":0,"sid":"s_1","devices":"kick_oldest"}}"#,
    r#"r{"correct":{"object":"room:m_1","holding":[7],"asked":1733000000000}}"#,
    r#"r{"release":{"object":"room:m_1","conn":7}}"#,
    r#"r{"reserve":{"room":"m_1"}}"#,
    r#"r{"commit":{"room":"m_1","lobby":"lobby:p:0"}}"#,
    r#"r{"free":{"room":"m_1"}}"#,
    r#"r"live""#,
    r#"r{"home":{"pool":"p","part":3}}"#,
    r#"p{"watch":{"by":"p_2"}}"#,
    r#"p{"look":{"by":"p_3"}}"#,
    r#"p{"show":{"of":"p_2","sight":{"state":"online","as_of":1733000000000},"last":false}}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"revoked","ep":0}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"session_ended","sid":"s_2"}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"banned","until":1733000100000}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"unbanned"}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"circle"}"#,
    r#"n{"player":"p_1","at":1733000000000,"kind":"erased"}"#,
    "~",
    "~~~~~~~~~~~~",
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

/// Generates texts from valid ones.
pub struct Source<'a> {
    pub chance: Chance,
    valid: &'a [&'a str],
}

impl<'a> Source<'a> {
    pub fn new(chance: Chance, valid: &'a [&'a str]) -> Self {
        Self { chance, valid }
    }

    pub fn frame(&mut self) -> String {
        match self.chance.below(12) {
            0 => self.noise(),
            1 => self.nested(),
            2 => self.large(),
            3 => format!("[{}]", vec![self.chance.pick(self.valid); self.chance.below(80)].join(",")),
            _ => self.mutated(),
        }
    }

    /// Returns a valid text with up to three mutations.
    pub fn mutated(&mut self) -> String {
        let mut text = self.chance.pick(self.valid).to_owned();
        for _ in 0..self.chance.below(4) {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = (self.chance.below(chars.len() + 1), self.chance.below(chars.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 6));
            let middle = match self.chance.below(4) {
                0 => String::new(),
                1 => chars[from..to].iter().rev().collect(),
                _ => self.chance.pick(TRICKS).to_owned(),
            };
            let (head, tail): (String, String) =
                (chars[..from].iter().collect(), chars[to..].iter().collect());
            text = format!("{head}{middle}{tail}");
        }
        text
    }

    fn noise(&mut self) -> String {
        let length = self.chance.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| self.chance.draw().to_le_bytes()[0]).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn nested(&mut self) -> String {
        let deep = self.chance.below(60);
        let (open, shut) = self.chance.pick(&[("[", "]"), (r#"{"op":"#, "}")]);
        format!(r#"{{"id":1,"op":"say","body":{}1{}}}"#, open.repeat(deep), shut.repeat(deep))
    }

    fn large(&mut self) -> String {
        let most = self.chance.pick(&[100, 4_000, 8_200, 16_400]);
        let length = self.chance.below(most);
        let part = self.chance.pick(&["x", "é", r"\u0001", r#"\""#, "1e15,"]);
        if part == "1e15," {
            return format!(
                r#"{{"id":1,"op":"set","body":{{"keys":{{"n":[{}0]}}}}}}"#,
                part.repeat(length / 5)
            );
        }
        let text = part.repeat(length / part.len());
        let op = self.chance.pick(&["say", "signal", "hint", "end"]);
        format!(r#"{{"id":1,"op":"{op}","to":"p_2","body":"{text}"}}"#)
    }
}
