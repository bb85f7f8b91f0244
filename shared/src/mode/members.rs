//! The members of a JSON object as parts of its text, without a copy.

/// A member as its text: the key with its quotes, and the value.
pub(super) type Member<'a> = (&'a str, &'a str);

/// Returns the members of an object in the order of its text; none for any other value.
///
/// The text must be what `serde_json` writes: valid, and without whitespace. Two texts of it write equal keys equally.
pub(super) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_at_checked(string_end(rest)?)?;
        let after = after.strip_prefix(':')?;
        let (value, after) = after.split_at_checked(value_end(after)?)?;
        members.push((key, value));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some(members)
}

/// Returns the length of the string with which a text begins.
fn string_end(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Returns the length of the value with which a text begins.
fn value_end(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0usize, 0usize);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                at += string_end(text.get(at..)?)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_is_split_into_its_members() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            assert_eq!(members(text).unwrap(), expected, "{text}");
        };
        check("{}", &[]);
        check(
            r#"{"a":1,"b":[1,{"c":"}"}],"c":{}}"#,
            &[("\"a\"", "1"), ("\"b\"", r#"[1,{"c":"}"}]"#), ("\"c\"", "{}")],
        );
        check(r#"{"a\"b":"c\\","\\":",\""}"#, &[(r#""a\"b""#, r#""c\\""#), (r#""\\""#, r#"",\"""#)]);
        check(r#"{"é":null,"é":true}"#, &[("\"é\"", "null"), ("\"é\"", "true")]);
    }

    #[test]
    fn other_texts_have_no_members() {
        for text in ["", "1", "\"{}\"", "[{}]", "null", "{", "}", r#"{"a"}"#, r#"{"a":"b}"#, r#"{"a":[}"#] {
            assert_eq!(members(text), None, "{text}");
        }
    }
}
