//! Where the next page of a list begins, as a client carries it.

use crate::error::Refusal;
use crate::http::problem::Code;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

/// A sort key, as it can stand in a URL.
#[must_use]
pub fn seal(key: &str) -> String {
    BASE64.encode(key)
}

/// The sort key again, if it is `fine`.
pub fn open(cursor: Option<&str>, fine: impl Fn(&str) -> bool) -> Result<Option<String>, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let key = BASE64.decode(cursor).ok();
    let key = key.and_then(|bytes| String::from_utf8(bytes).ok());
    let key = key.filter(|key| fine(key)).ok_or_else(|| {
        let detail = "Use the `cursor` of the page before as it came, or none for the first page.";
        Refusal::new(Code::BadCursor, detail).field("cursor")
    })?;
    Ok(Some(key))
}
