//! The routes that serve the OpenAPI document and a page that shows it.

mod committed;

use crate::schemas::Attrs;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use committed::{DOCUMENT, PAGE, SCRIPT, STYLE};

/// The content security policy of the page: it runs its own script and reads the document, and loads nothing
/// else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the OpenAPI 3.1 document of the region.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApiDocument",
    tag = "operations",
    responses((status = 200, body = Attrs, content_type = "application/json", description = "The document.")),
)]
pub async fn get_open_api_document() -> impl IntoResponse {
    cached("application/json", DOCUMENT)
}

/// Returns the page that shows the document in a browser.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocsPage",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/html; charset=utf-8", description = "The page.")),
)]
pub async fn get_docs_page() -> impl IntoResponse {
    cached("text/html; charset=utf-8", PAGE)
}

/// Returns the script of the documentation page.
#[utoipa::path(
    get,
    path = "/docs.js",
    operation_id = "getDocsScript",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/javascript; charset=utf-8", description = "The script.")),
)]
pub async fn get_docs_script() -> impl IntoResponse {
    cached("text/javascript; charset=utf-8", SCRIPT)
}

/// Returns the stylesheet of the documentation page.
#[utoipa::path(
    get,
    path = "/docs.css",
    operation_id = "getDocsStyle",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/css; charset=utf-8", description = "The stylesheet.")),
)]
pub async fn get_docs_style() -> impl IntoResponse {
    cached("text/css; charset=utf-8", STYLE)
}

fn cached(media: &'static str, text: &'static str) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, media), (CACHE_CONTROL, "public, max-age=300"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text)
}
