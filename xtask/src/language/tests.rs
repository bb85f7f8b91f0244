//! Tests of the language check: sentences and sources that it must find, and that it must pass.

use super::banned::{Passage, find};
use super::*;

fn words(text: &str) -> Vec<(usize, &'static str)> {
    let passage = Passage { line: 1, text: text.to_owned() };
    find(&passage).into_iter().map(|(line, word, _)| (line, word)).collect()
}

fn rules(file: &str, text: &str) -> Vec<(Rule, usize)> {
    of_file(file, text).into_iter().map(|finding| (finding.rule, finding.line)).collect()
}

#[test]
fn banned_words_are_found_in_any_case_and_across_lines() {
    assert_eq!(words("Nobody waits."), [(1, "nobody")]);
    assert_eq!(words("It sends so\nmany frames to somebody's socket."), [(1, "so many"), (2, "somebody's")]);
    assert_eq!(words("The list of players to whom it is sent."), [(1, "whom")]);
    assert_eq!(words("The outbox begins anew."), [(1, "anew")]);
    assert_eq!(words("A line of one's own"), [(1, "one's own")]);
    assert_eq!(words("**Everyone** is told."), [(1, "everyone")]);
    assert_eq!(words("The frame is to be sent."), [(1, "is to be")]);
    assert_eq!(words("The server shall answer."), [(1, "shall")]);
}

#[test]
fn no_more_is_found_only_as_an_adverb() {
    assert_eq!(words("It is sent no more."), [(1, "no more")]);
    assert_eq!(words("It is needed no more"), [(1, "no more")]);
    assert!(words("It holds no more than 64 events.").is_empty());
    assert!(words("There are no more pages.").is_empty());
}

#[test]
fn plain_sentences_pass() {
    for text in [
        "Returns the connections that receive broadcasts.",
        "Marshalled, wholesale, where, everything, whole, aswhom: parts of words are not words.",
        "The server SHALL answer (RFC 2119).",
        "Code such as `nobody` and `so many` is quoted.",
        "It was so. Many did.",
        "Said as. Is it?",
    ] {
        assert!(words(text).is_empty(), "{text}");
    }
}

#[test]
fn banned_words_are_found_in_comments_strings_and_names() {
    let text = "//! Tests of the thing.\n\nfn nobody_waits() {\n    // For somebody.\n    let a = \"told to everyone \\\"x\\\"\";\n    \
                let c = '\"'; // anew\n}\n";
    let found = rules("tests/tests/a.rs", text);
    assert_eq!(found, [3, 4, 5, 6].map(|line| (Rule::BannedWord, line)));
}

#[test]
fn identifiers_and_single_words_on_the_wire_pass() {
    let text = "//! Tests of the thing.\n\nfn a(nobody: u8) {\n    let a = (\"nobody\", 'n', nobody);\n}\n";
    assert_eq!(rules("tests/tests/a.rs", text), []);
    assert_eq!(rules("tests/golden/a.txt", "nobody"), []);
}

#[test]
fn raw_strings_and_lifetimes_do_not_confuse_the_lexer() {
    let text = "//! Tests of the thing.\n\nfn a<'a>(x: &'a str) {\n    let a = r#\"{\"a\": \"so many\"}\"#;\n    // so much\n}\n";
    let found = rules("tests/tests/a.rs", text);
    assert_eq!(found, [(Rule::BannedWord, 4), (Rule::BannedWord, 5)]);
}

#[test]
fn typescript_comments_strings_and_regular_expressions_are_read() {
    let text = "const a = /[\"'`]/.test(b) ? 'told to nobody' : `so ${b}`; // anew\n/** Which. */\nconst c = a / b / 2;\n\
                /** Who is here. */\n";
    let found = rules("edge/web/a.ts", text);
    let expected = [
        (Rule::BannedWord, 1),
        (Rule::BannedWord, 1),
        (Rule::ShortDoc, 2),
        (Rule::RelativeDoc, 2),
        (Rule::RelativeDoc, 4),
    ];
    assert_eq!(found, expected);
}

#[test]
fn markdown_is_read_without_code_and_link_targets() {
    let text = "# For nobody\n\nA line of `nobody`\nand so\nmany.\n\n```\nnobody\n```\n\n- [a](b/nobody) text\n| anew | b |\n";
    let found = rules("docs/a.md", text);
    assert_eq!(found, [1, 4, 12].map(|line| (Rule::BannedWord, line)));
}

#[test]
fn openapi_summaries_and_descriptions_are_read() {
    let text = "{\n  \"operationId\": \"nobody\",\n  \"summary\": \"Tells everybody\",\n  \"description\": \"a\\nwhom\"\n}\n";
    assert_eq!(rules("docs/openapi.json", text), [(Rule::BannedWord, 3), (Rule::BannedWord, 4)]);
}

#[test]
fn toml_values_of_one_word_pass_and_its_comments_do_not() {
    let text = "end = \"anyone\"\n# For anyone.\ndescription = \"told to everyone here\"\n";
    assert_eq!(rules("a.toml", text), [(Rule::BannedWord, 2), (Rule::BannedWord, 3)]);
}

#[test]
fn other_files_are_read_as_they_are() {
    assert_eq!(rules("a.yaml", "a: 1\n# for nobody\n"), [(Rule::BannedWord, 2)]);
    assert_eq!(rules(".ci/run", "# anew\n"), [(Rule::BannedWord, 1)]);
}

#[test]
fn short_and_relative_docs_are_found() {
    let text = "//! A file's name.\n\n/// Which.\nstruct A {\n    /// Whether it is open.\n    a: bool,\n    /// The number\n    /// of\n    b: u8,\n}\n";
    let found = rules("tests/tests/a.rs", text);
    assert_eq!(found, [(Rule::ShortDoc, 3), (Rule::RelativeDoc, 3), (Rule::RelativeDoc, 5)]);
}

#[test]
fn public_items_need_docs_and_fields_do_not() {
    let text = "//! A file's name.\n\npub mod a;\npub use a::B;\npub struct C {\n    pub d: u8,\n}\n\n/// A documented function.\n\
                #[must_use]\n#[derive(\n    Debug,\n)]\npub const fn e() {}\n\nimpl C {\n    pub async fn f(&self) {}\n    pub(crate) fn g() {}\n}\n\
                pub const H: u8 = 0;\n        pub struct $name(u8);\n#[cfg(test)]\npub fn i() {}\n";
    let found = of_file("shared/src/a.rs", text);
    let found: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
    assert_eq!(found, ["struct C", "fn f", "const H"]);
    assert_eq!(rules("tests/harness/a.rs", text), []);
}

#[test]
fn functions_of_more_than_sixty_lines_are_found() {
    let function = |lines: usize| {
        format!("//! A file's name.\n\nfn a() {{\n{}}}\n", "    let a = '{';\n".repeat(lines - 2))
    };
    assert_eq!(rules("tests/a.rs", &function(60)), []);
    assert_eq!(rules("tests/a.rs", &function(61)), [(Rule::LongFunction, 3)]);
}

#[test]
fn sentences_that_begin_with_a_relative_clause_are_found() {
    let text = "//! A file's name.\n\n/// A doc comment. Who is\n/// here? What is sent, is lost.\nfn a() {} // Who waits.\n";
    let found = rules("tests/a.rs", text);
    assert_eq!(found, [(Rule::RelativeSentence, 4), (Rule::RelativeSentence, 5)]);
    let text = "# What a room is\n\n| Who | What |\n\nWhat happens then? Who waits, pays.\n";
    assert_eq!(rules("docs/a.md", text), [(Rule::RelativeSentence, 5)]);
}
