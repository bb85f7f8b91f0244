//! The script between workerd and the glue of wasm-bindgen: it exports the classes that the platform constructs.

use std::fmt::Write;

/// The part that is the same for every Worker.
pub const SHIM: &str = include_str!("shim.js");

/// Returns the script for this glue.
pub fn of(glue: &str) -> String {
    let mut script = SHIM.to_owned();
    for class in classes(glue) {
        let _ = writeln!(script, "export const {class} = new Proxy(worker.{class}, renewing);");
    }
    script
}

/// Returns the classes that the glue exports, each of which is a Durable Object.
fn classes(glue: &str) -> impl Iterator<Item = &str> {
    glue.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("export class ")?.split_once('{')?;
        Some(name.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_the_glue_are_exported() {
        let glue = "export class RoomObject {\n  constructor() {}\n}\nclass Inner {}\nexport function fetch(a, b, c) {}\n";
        assert_eq!(classes(glue).collect::<Vec<_>>(), ["RoomObject"]);
        let script = of(glue);
        assert!(
            script.ends_with("export const RoomObject = new Proxy(worker.RoomObject, renewing);\n"),
            "{script}"
        );
    }
}
