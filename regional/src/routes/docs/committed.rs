//! The committed OpenAPI document and the page that shows it, embedded in the binary.

/// The document that the region serves. `cargo xtask openapi` writes it.
pub const DOCUMENT: &str = include_str!("../../../../docs/openapi-region.json");
/// The HTML of the page that shows the document.
pub const PAGE: &str = include_str!("../../../../docs/page/docs.html");
/// The script of the page.
pub const SCRIPT: &str = include_str!("../../../../docs/page/docs.js");
/// The stylesheet of the page.
pub const STYLE: &str = include_str!("../../../../docs/page/docs.css");
