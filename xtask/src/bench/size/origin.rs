//! The origin of a function by its name: its crate, its kind, and whether it exists for types of this project.

/// Substrings of names, and the kind of code that each means; the first that is found counts.
const KINDS: &[(&str, &str)] = &[
    ("drop_glue", "dropping of values"),
    ("drop_in_place", "dropping of values"),
    ("core::ops::drop::Drop", "dropping of values"),
    ("Deserialize", "reading of JSON"),
    ("serde_json::de", "reading of JSON"),
    ("Visitor", "reading of JSON"),
    ("Serialize", "writing of JSON"),
    ("serde_json::ser", "writing of JSON"),
    ("core::fmt::", "formatting and messages"),
    ("__wasm_bindgen", "entry points and their futures"),
    ("wasm_bindgen", "glue to JavaScript"),
    ("js_sys", "glue to JavaScript"),
    ("web_sys", "glue to JavaScript"),
    ("core::slice::sort", "sorting"),
    ("collections::btree", "maps"),
    ("shared::room", "rules: room and delivery"),
    ("shared::delivery", "rules: room and delivery"),
    ("shared::lobby", "rules: lobby"),
    ("shared::player", "rules: player"),
    ("edge::objects", "shells of the objects"),
    ("edge::", "the Worker"),
    ("curve25519", "signatures and hashes"),
    ("sha2", "signatures and hashes"),
    ("shared::", "rules: all others"),
];

/// Returns the name without the disambiguators of crates: `shared[91a6…]::id` is `shared::id`.
pub(super) fn readable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        text.push_str(before);
        match after.split_once(']') {
            Some((inside, behind)) if is_disambiguator(inside) && behind.starts_with("::") => rest = behind,
            _ => {
                text.push('[');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// Returns the crate that defines a function.
pub(super) fn crate_of(name: &str) -> &str {
    let mut from = 0;
    while let Some(at) = name.get(from..).and_then(|rest| rest.find('[')).map(|at| at + from) {
        let inside = name.get(at + 1..).and_then(|rest| rest.split_once("]::")).map(|(inside, _)| inside);
        if inside.is_some_and(is_disambiguator) {
            let before = name.get(..at).unwrap_or_default();
            let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
            return before.get(start..).unwrap_or_default();
        }
        from = at + 1;
    }
    "compiler and glue"
}

/// Returns the kind of code that a function is.
pub(super) fn kind_of(name: &str) -> &'static str {
    let name = readable(name);
    KINDS.iter().find(|(part, _)| name.contains(part)).map_or("all others", |(_, kind)| kind)
}

/// Returns true if a function is of `shared` or `edge`, or is an instance of generic code for their types.
pub(super) fn is_for_us(name: &str) -> bool {
    ["shared[", "edge["].iter().any(|ours| name.contains(ours))
}

fn is_disambiguator(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_is_the_first_path_of_a_name() {
        let check = |name: &str, expected: &str| assert_eq!(crate_of(name), expected, "{name}");
        check("<shared[91a6aafd]::lobby::Lobby>::finish", "shared");
        check(
            "<&mut serde_json[a3]::de::Deserializer<shared[1]::A> as serde_core[c]::de::Deserializer>::x",
            "serde_json",
        );
        check("<[u8] as core[66]::fmt::Debug>::fmt", "core");
        check("memcpy", "compiler and glue");
    }

    #[test]
    fn disambiguators_are_left_out() {
        assert_eq!(readable("<[u8; 4] as core[6f]::fmt::Debug>::fmt"), "<[u8; 4] as core::fmt::Debug>::fmt");
    }

    #[test]
    fn kind_follows_from_the_first_known_part() {
        let check = |name: &str, expected: &str| assert_eq!(kind_of(name), expected, "{name}");
        check("core[6]::ptr::drop_glue::<shared[1]::room::Room>", "dropping of values");
        check("<shared[1]::room::Room>::handle", "rules: room and delivery");
        check("<shared[1]::room::Event as serde_core[2]::ser::Serialize>::serialize::<X>", "writing of JSON");
        check("memcpy", "all others");
    }

    #[test]
    fn instances_of_generic_code_for_our_types_are_ours() {
        assert!(is_for_us("alloc[1]::vec::from_elem::<shared[2]::id::PlayerId>"));
        assert!(!is_for_us("alloc[1]::vec::from_elem::<u8>"));
    }
}
