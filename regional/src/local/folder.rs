//! A folder that serves the same presigned URLs as S3, for pictures on one machine.

use crate::clock::Clock;
use crate::integrations::object_store::BucketConfig;
use crate::picture_processing::PictureProcessor;
use aws_credential_types::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use shared::limits;
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

/// A folder that is served on its own port. Dropping it stops the server.
#[derive(Debug)]
pub struct Folder {
    config: BucketConfig,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    config: BucketConfig,
    dir: PathBuf,
    clock: Clock,
    uploads: UnboundedSender<String>,
}

impl Folder {
    /// Serves a folder. The receiver gets the key of each upload, as S3 notifies a function.
    pub async fn serve(dir: PathBuf, clock: Clock) -> io::Result<(Self, UnboundedReceiver<String>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let config = BucketConfig {
            public: url.clone(),
            url,
            region: "local".into(),
            credentials: Credentials::new("local", "local", None, None, "local"),
        };
        let (uploads, uploaded) = unbounded_channel();
        let shared = Shared { config: config.clone(), dir, clock, uploads };
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_methods([Method::GET, Method::PUT])
            .allow_headers([CONTENT_TYPE]);
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(limits::PICTURE_BYTES_MAX))
            .layer(cors)
            .with_state(shared);
        let task = tokio::spawn(async move {
            // The task ends with the process.
            let _ = axum::serve(listener, router).await;
        });
        Ok((Self { config, task }, uploaded))
    }

    /// The location of the folder, for the configuration.
    #[must_use]
    pub fn config(&self) -> BucketConfig {
        self.config.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Processes uploads one after another. The player has to repeat an upload that fails.
pub async fn process_uploads(processor: PictureProcessor, mut uploads: UnboundedReceiver<String>) {
    while let Some(key) = uploads.recv().await {
        if let Err(error) = processor.process_upload(&key).await {
            tracing::error!(%error, "an uploaded picture could not be processed");
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
    // Variants are public, as in the policy of the bucket.
    let public = method == Method::GET && key.starts_with("out/");
    if !public && !allowed(&shared, &method, key, &uri, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match shared.act(&method, key, &body).await {
        Ok(response) => response,
        Err(error) if error.kind() == io::ErrorKind::NotFound => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "the folder of pictures cannot be read or written");
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
                    // The receiver is gone when the process stops.
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

/// Returns whether the URL was signed for this request and has not expired: signing it again gives the same
/// signature.
fn allowed(shared: &Shared, method: &Method, key: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let query = axum::extract::Query::<BTreeMap<String, String>>::try_from_uri(uri);
    let Ok(axum::extract::Query(query)) = query else {
        return false;
    };
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let (Some(signed), Ok(secs)) = (parse_amz_date(get("X-Amz-Date")), get("X-Amz-Expires").parse()) else {
        return false;
    };
    let good_for = Duration::from_secs(secs);
    let now = shared.clock.now();
    if now > signed + good_for || signed > now + limits::CLOCK_SKEW_MAX {
        return false;
    }
    let names = get("X-Amz-SignedHeaders").split(';');
    let covered: Option<Vec<(&str, &str)>> = names
        .filter(|name| *name != "host")
        .map(|name| Some((name, headers.get(name)?.to_str().ok()?)))
        .collect();
    // A browser may send more headers than were signed, but must send the signed length and type.
    let has_length = *method != Method::PUT || headers.contains_key(CONTENT_LENGTH);
    let again = covered.map(|covered| shared.config.presign(method, key, &covered, signed, good_for));
    let same = |again: &Uri| {
        let signature = format!("X-Amz-Signature={}", get("X-Amz-Signature"));
        again.query().is_some_and(|query| query.ends_with(&signature))
    };
    has_length && matches!(again, Some(Ok(again)) if same(&again))
}

/// Parses the format `20241130T205320Z`.
fn parse_amz_date(text: &str) -> Option<Time> {
    use time::macros::format_description;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let moment = time::PrimitiveDateTime::parse(text, format).ok()?.assume_utc();
    let ms = moment.unix_timestamp().checked_mul(1000)?;
    Some(Time::from_ms(u64::try_from(ms).ok()?))
}
