//! Prints the region's OpenAPI document, for `cargo xtask openapi`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match regional::openapi::document().and_then(|document| serde_json::to_string_pretty(&document)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("openapi: {error}");
            ExitCode::FAILURE
        }
    }
}
