//! A request's body, read no further than it may be long, and no longer than is sensible.

use crate::error::{Error, Result};
use crate::region::in_time;
use futures_util::TryStreamExt;
use worker::Request;

/// The body as text, of at most so many bytes. What a header claims is refused before anything is read.
pub async fn text(request: &mut Request, most: usize) -> Result<String> {
    let claimed = request.headers().get("content-length")?;
    if claimed.is_some_and(|claimed| claimed.parse::<usize>().is_ok_and(|bytes| bytes > most)) {
        return Err(too_long(most));
    }
    if request.inner().body().is_none() {
        return Ok(String::new());
    }
    let mut stream = request.stream()?;
    let read = async {
        let mut all = Vec::new();
        // One chunk more than is allowed says that it is too much; nobody reads the rest.
        while all.len() <= most
            && let Some(chunk) = stream.try_next().await?
        {
            all.extend(chunk);
        }
        Ok(all)
    };
    let bytes = in_time(read, "a request's body").await.map_err(|_| {
        let detail = "the body did not come in time: send it again";
        Error::refused(408, "too_slow", detail)
    })?;
    if bytes.len() > most {
        return Err(too_long(most));
    }
    String::from_utf8(bytes).map_err(|_| Error::refused(400, "bad_json", "the body is not UTF-8"))
}

fn too_long(most: usize) -> Error {
    Error::refused(413, "too_long", format!("a body of at most {most} bytes"))
}
