//! A folder that answers as S3 does, to the same signed addresses: pictures on one machine.

use crate::bucket::Place;
use crate::clock::Clock;
use crate::studio::Studio;
use aws_credential_types::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use shared::caps;
use shared::time::Time;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tower_http::cors::{Any, CorsLayer};

/// A folder, served on a port of its own. Dropping it stops serving.
#[derive(Debug)]
pub struct Folder {
    place: Place,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    place: Place,
    dir: PathBuf,
    clock: Clock,
    uploads: UnboundedSender<String>,
}

impl Folder {
    /// Serves a folder. Each key that is uploaded comes out of the receiver, as S3 tells a function.
    pub async fn serve(dir: PathBuf, clock: Clock) -> io::Result<(Self, UnboundedReceiver<String>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let place = Place {
            public: url.clone(),
            url,
            region: "local".into(),
            credentials: Credentials::new("local", "local", None, None, "local"),
        };
        let (uploads, uploaded) = unbounded_channel();
        let shared = Shared { place: place.clone(), dir, clock, uploads };
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_methods([Method::GET, Method::PUT])
            .allow_headers([CONTENT_TYPE]);
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(caps::PICTURE_BYTES))
            .layer(cors)
            .with_state(shared);
        let task = tokio::spawn(async move {
            // It ends with the process.
            let _ = axum::serve(listener, router).await;
        });
        Ok((Self { place, task }, uploaded))
    }

    /// Where it is, for the configuration.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sees to each upload, one after another. What fails is uploaded again by whoever wants it shown.
pub async fn develop(studio: Studio, mut uploads: UnboundedReceiver<String>) {
    while let Some(key) = uploads.recv().await {
        if let Err(error) = studio.uploaded(&key).await {
            tracing::error!(%error, "a picture was not seen to");
        }
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = uri.path().trim_start_matches('/');
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.');
    if key.is_empty() || key.contains("..") || !key.bytes().all(plain) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    // What is ready is everybody's, as the bucket's policy says.
    let public = method == Method::GET && key.starts_with("out/");
    if !public && !allowed(&shared, &method, key, &uri, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match shared.act(&method, key, &body).await {
        Ok(response) => response,
        Err(error) if error.kind() == io::ErrorKind::NotFound => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "the folder of pictures cannot be used");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Shared {
    async fn act(&self, method: &Method, key: &str, body: &Bytes) -> io::Result<Response> {
        let file = self.dir.join(key);
        match *method {
            Method::GET => {
                let bytes = tokio::fs::read(file).await?;
                Ok(([(CONTENT_TYPE, "image/jpeg")], bytes).into_response())
            }
            Method::PUT => {
                if let Some(dir) = file.parent() {
                    tokio::fs::create_dir_all(dir).await?;
                }
                tokio::fs::write(file, body).await?;
                if key.starts_with("in/") {
                    // Nobody listens any more when the process stops.
                    let _ = self.uploads.send(key.to_owned());
                }
                Ok(StatusCode::OK.into_response())
            }
            Method::DELETE => {
                tokio::fs::remove_file(file).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
        }
    }
}

/// Whether the address was signed for this very request and is still good: signed once more, it is the same.
fn allowed(shared: &Shared, method: &Method, key: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let query = axum::extract::Query::<BTreeMap<String, String>>::try_from_uri(uri);
    let Ok(axum::extract::Query(query)) = query else {
        return false;
    };
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let (Some(signed), Ok(secs)) = (moment(get("X-Amz-Date")), get("X-Amz-Expires").parse()) else {
        return false;
    };
    let good_for = Duration::from_secs(secs);
    let now = shared.clock.now();
    if now > signed + good_for || signed > now + caps::SKEW {
        return false;
    }
    let names = get("X-Amz-SignedHeaders").split(';');
    let covered: Option<Vec<(&str, &str)>> = names
        .filter(|name| *name != "host")
        .map(|name| Some((name, headers.get(name)?.to_str().ok()?)))
        .collect();
    // A browser may send more than was signed, but not another length or type than was.
    let whole = *method != Method::PUT || headers.contains_key(CONTENT_LENGTH);
    let again = covered.map(|covered| shared.place.presign(method, key, &covered, signed, good_for));
    let same = |again: &Uri| {
        let signature = format!("X-Amz-Signature={}", get("X-Amz-Signature"));
        again.query().is_some_and(|query| query.ends_with(&signature))
    };
    whole && matches!(again, Some(Ok(again)) if same(&again))
}

/// `20241130T205320Z`.
fn moment(text: &str) -> Option<Time> {
    use time::macros::format_description;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let moment = time::PrimitiveDateTime::parse(text, format).ok()?.assume_utc();
    let ms = moment.unix_timestamp().checked_mul(1000)?;
    Some(Time::from_ms(u64::try_from(ms).ok()?))
}
