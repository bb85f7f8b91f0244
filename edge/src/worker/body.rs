//! Reading of request bodies, with a size limit and a timeout.

use crate::clients::timeout::with_timeout;
use crate::error::{Error, Result};
use futures_util::TryStreamExt;
use worker::Request;

/// Reads the body as text of at most `max` bytes. A longer `content-length` is refused before anything is read.
pub async fn text(request: &mut Request, max: usize) -> Result<String> {
    let claimed = request.headers().get("content-length")?;
    if claimed.is_some_and(|claimed| claimed.parse::<usize>().is_ok_and(|bytes| bytes > max)) {
        return Err(too_long(max));
    }
    if request.inner().body().is_none() {
        return Ok(String::new());
    }
    let mut stream = request.stream()?;
    let read = async {
        let mut all = Vec::new();
        // Reading stops at the first chunk beyond the limit.
        while all.len() <= max
            && let Some(chunk) = stream.try_next().await?
        {
            all.extend(chunk);
        }
        Ok(all)
    };
    let bytes = with_timeout(read, "a request body").await.map_err(|_| {
        let detail = "The body did not arrive in time. Send the request again.";
        Error::refused(408, "too_slow", detail)
    })?;
    if bytes.len() > max {
        return Err(too_long(max));
    }
    String::from_utf8(bytes).map_err(|_| Error::refused(400, "bad_json", "The body is not UTF-8."))
}

fn too_long(max: usize) -> Error {
    Error::refused(413, "too_long", format!("The body may have at most {max} bytes."))
}
