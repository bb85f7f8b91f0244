//! The region's routes as a document, and as a page that shows it.

use crate::openapi;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;

/// The page runs its own script and reads the document; nothing comes from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What is answered here, as OpenAPI 3.1 has it.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "docs_document",
    tag = "operations",
    responses((status = 200, body = openapi::Attrs, content_type = "application/json", description = "It.")),
)]
pub async fn document() -> impl IntoResponse {
    kept("application/json", openapi::COMMITTED)
}

/// The document, to be read in a browser.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "docs_page",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/html; charset=utf-8", description = "It.")),
)]
pub async fn page() -> impl IntoResponse {
    kept("text/html; charset=utf-8", openapi::PAGE)
}

/// What runs in that page.
#[utoipa::path(
    get,
    path = "/docs.js",
    operation_id = "docs_script",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/javascript; charset=utf-8", description = "It.")),
)]
pub async fn script() -> impl IntoResponse {
    kept("text/javascript; charset=utf-8", openapi::SCRIPT)
}

/// How that page looks.
#[utoipa::path(
    get,
    path = "/docs.css",
    operation_id = "docs_style",
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/css; charset=utf-8", description = "It.")),
)]
pub async fn style() -> impl IntoResponse {
    kept("text/css; charset=utf-8", openapi::STYLE)
}

fn kept(media: &'static str, text: &'static str) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, media), (CACHE_CONTROL, "public, max-age=300"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text)
}
