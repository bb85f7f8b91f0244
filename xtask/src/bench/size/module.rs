//! A WebAssembly module: its sections, and its functions with their names.

use std::collections::HashMap;

use anyhow::Result;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// The parts of a module that take space.
pub(super) struct Module<'a> {
    /// The name and the bytes of each section.
    pub(super) sections: Vec<(String, &'a [u8])>,
    pub(super) functions: Vec<Function<'a>>,
}

/// A function of the module.
pub(super) struct Function<'a> {
    /// Its name in the name section.
    pub(super) name: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl<'a> Module<'a> {
    /// Reads a module.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let (mut sections, mut bodies) = (Vec::new(), Vec::new());
        let (mut imported, mut names) = (0, HashMap::new());
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            let section = match &payload {
                Payload::CodeSectionStart { .. } => Some("code".to_owned()),
                Payload::DataSection(_) => Some("data".to_owned()),
                Payload::ImportSection(_) => Some("imports".to_owned()),
                Payload::CustomSection(custom) => Some(format!("custom: {}", custom.name())),
                _ => payload.as_section().map(|(id, _)| format!("section {id}")),
            };
            if let (Some(name), Some((_, range))) = (section, payload.as_section()) {
                sections.push((name, bytes.get(range).unwrap_or_default()));
            }
            match payload {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let is_function = matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                        imported += u32::from(is_function);
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(bytes.get(body.range()).unwrap_or_default()),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(subsections) = custom.as_known() {
                        for subsection in subsections {
                            let Name::Function(functions) = subsection? else { continue };
                            for naming in functions {
                                let naming = naming?;
                                names.insert(naming.index, naming.name);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let functions = (imported..).zip(bodies);
        let functions =
            functions.map(|(at, body)| Function { name: names.get(&at).copied(), body }).collect();
        Ok(Self { sections, functions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_names_of_their_index_after_the_imports() -> Result<()> {
        // One imported function `e.f`, two functions of their own of which only the second is named.
        let module = [
            b"\0asm\x01\0\0\0".as_slice(),
            b"\x01\x04\x01\x60\0\0",
            b"\x02\x07\x01\x01e\x01f\0\0",
            b"\x03\x03\x02\0\0",
            b"\x0a\x08\x02\x02\0\x0b\x03\0\x01\x0b",
            b"\0\x0f\x04name\x01\x08\x02\0\x01f\x02\x02me",
        ]
        .concat();
        let module = Module::read(&module)?;
        let functions: Vec<_> =
            module.functions.iter().map(|function| (function.name, function.body.len())).collect();
        assert_eq!(functions, [(None, 2), (Some("me"), 3)]);
        let sections: Vec<_> = module.sections.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(sections, ["section 1", "imports", "section 3", "code", "custom: name"]);
        Ok(())
    }
}
