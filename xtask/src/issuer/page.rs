//! The login page: asks for a name, and for nothing else.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use shared::limits;

/// Nothing is loaded, and no other page may frame this one. The form has no limit, because its answer redirects to the
/// client's page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#eef1ea,#0b1411);color:light-dark(#14201b,#e6eee9)}\
main{width:min(22rem,calc(100vw - 4rem));padding:2rem;border-radius:1rem;background:light-dark(#fff,#14201b)}\
h1{margin:0 0 .5rem;font-size:1.4rem}p{margin:0 0 1.25rem;color:light-dark(#4b5b53,#a3b3aa)}label{display:block;font-weight:600}\
input,button{box-sizing:border-box;width:100%;font:inherit;padding:.7rem .9rem;border-radius:.6rem}\
input{margin:.35rem 0 1rem;border:1px solid light-dark(#8a988f,#5d6d64);background:transparent;color:inherit}\
button{border:0;background:#0f7a56;color:#fff;font-weight:600;cursor:pointer}\
[role=alert]{color:light-dark(#a3261b,#ff9c92);font-weight:600}";

/// Returns the login page. `fault` is the text about the name that was sent before; it is ours, and no outside data.
pub fn login(status: StatusCode, fault: &str) -> Response {
    let fault = if fault.is_empty() { String::new() } else { format!(r#"<p role="alert">{fault}</p>"#) };
    let most = limits::NAME_CHARS_MAX;
    // Without an action, the form is posted to the address of this page, which has the client's request.
    page(
        status,
        &format!(
            r#"<h1>Test sign-in</h1>
<p>This provider is a part of <code>cargo dev</code> on this machine. Any name signs in, and the same name is the same account.</p>
{fault}<form method="post"><label for="name">Name</label>
<input id="name" name="name" maxlength="{most}" autocomplete="username" required autofocus>
<button type="submit">Sign in</button></form>"#
        ),
    )
}

/// Returns a page that says why there is no login. `text` is escaped.
pub fn rejected(text: &str) -> Response {
    page(
        StatusCode::BAD_REQUEST,
        &format!("<h1>This sign-in cannot work</h1>\n<p role=\"alert\">{}</p>", escape(text)),
    )
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Test sign-in</title><style>{STYLE}</style></head>
<body><main>{body}</main></body></html>"#
    );
    (status, [(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
