//! Formats the generated TypeScript: one field per line where fields have comments, and short comments on one
//! line.

/// Columns that an object type on one line may have.
const WIDTH: usize = 100;

/// Returns the document with object types in a readable layout.
pub(super) fn format(document: &str) -> String {
    objects(&one_line_comments(document), 0)
}

/// Puts comments of one sentence on one line.
fn one_line_comments(document: &str) -> String {
    let mut rest = document;
    let mut text = String::with_capacity(document.len());
    while let Some((before, after)) = rest.split_once("/**\n * ") {
        text.push_str(before);
        let Some((comment, after)) = after.split_once("\n */") else { break };
        let comment = comment.split("\n *").map(str::trim).collect::<Vec<_>>().join(" ");
        text.extend(["/** ", &comment, " */"]);
        rest = after;
    }
    text + rest
}

/// Copies text and formats the objects in it.
fn objects(text: &str, depth: usize) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = token_length(rest);
        let token = rest.get(..length).unwrap_or(rest);
        match token.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')) {
            Some(inside) => out.push_str(&object(inside, depth)),
            None => out.push_str(token),
        }
        at += token.len();
    }
    out
}

/// Formats the fields of an object.
fn object(inside: &str, depth: usize) -> String {
    let fields: Vec<String> = fields(inside).into_iter().map(|field| objects(field, depth + 1)).collect();
    let line = format!("{{ {} }}", fields.join("; "));
    if fields.is_empty() {
        return "{}".to_owned();
    }
    if !line.contains("/*") && !line.contains('\n') && line.len() + 2 * depth <= WIDTH {
        return line;
    }
    let indent = "  ".repeat(depth + 1);
    let lines = fields.iter().map(|field| match field.split_once("*/") {
        Some((comment, field)) => format!("{indent}{comment}*/\n{indent}{};\n", field.trim_start()),
        None => format!("{indent}{field};\n"),
    });
    format!("{{\n{}{}}}", lines.collect::<String>(), "  ".repeat(depth))
}

/// Splits the inside of an object at the commas and semicolons between its fields.
fn fields(inside: &str) -> Vec<&str> {
    let (mut found, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with([',', ';']) {
            found.extend(inside.get(from..at));
            from = at + 1;
        }
        at += token_length(rest);
    }
    found.extend(inside.get(from..));
    found.into_iter().map(str::trim).filter(|field| !field.is_empty()).collect()
}

/// The bytes of the comment, string or bracketed text at the start of `rest`, or of one character.
fn token_length(rest: &str) -> usize {
    let first = rest.chars().next().unwrap_or_default();
    let until = |end: &str, from: usize| {
        rest.get(from..).and_then(|rest| rest.find(end)).map(|at| from + at + end.len())
    };
    match first {
        '/' if rest.starts_with("/*") => until("*/", 2).unwrap_or(rest.len()),
        '/' if rest.starts_with("//") => until("\n", 2).unwrap_or(rest.len()),
        '"' => until("\"", 1).unwrap_or(rest.len()),
        '{' | '(' | '[' | '<' => {
            let mut at = 1;
            while let Some(inside) = rest.get(at..).filter(|inside| !inside.is_empty()) {
                if inside.starts_with(['}', ')', ']', '>'])
                    && !rest.get(..at).is_some_and(|before| before.ends_with('='))
                {
                    return at + 1;
                }
                at += token_length(inside);
            }
            rest.len()
        }
        _ => first.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_comments_have_lines_of_their_own() {
        let generated = "/**\n * A `{\"b\"}`.\n */\nexport type A = { b: string, \n/**\n * The C.\n */\nc?: Array<D, E>, f: { g: number, }, };\n";
        let expected = "/** A `{\"b\"}`. */\nexport type A = {\n  b: string;\n  /** The C. */\n  c?: Array<D, E>;\n  f: { g: number };\n};\n";
        assert_eq!(format(generated), expected);
        assert_eq!(format(expected), expected);
    }

    #[test]
    fn short_objects_stay_on_one_line() {
        assert_eq!(
            format("export type A = { at: number, } | { b: \"x, y\", };\n"),
            "export type A = { at: number } | { b: \"x, y\" };\n"
        );
        assert_eq!(format("| { ev: \"a\"; to?: undefined }\n"), "| { ev: \"a\"; to?: undefined }\n");
    }

    #[test]
    fn objects_in_parentheses_are_copied() {
        let union = "export type E = F & (\n  | { ev: \"a\"; body: B }\n);\n";
        assert_eq!(format(union), union);
    }
}
