//! The embedded store's stream, followed as Lambda follows the real one.
//!
//! Nothing is polled: whoever commits wakes it. Its place is a file beside the store, so that a region that was killed
//! goes on where the edge had confirmed.

use super::Database;
use crate::stream::{Stopped, Stream};
use aws_lambda_events::event::dynamodb::EventRecord;
use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

/// Changes taken at once, as in the template.
const BATCH: usize = 100;
/// First wait after the edge did not confirm; it doubles up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_millis(50);
/// The longest.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// A request that ran into its deadline may commit when nobody listens any more; this finds it.
const LOST: Duration = Duration::from_secs(30);

/// Wakes whoever follows the stream. A copy is a pointer.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// A router that wakes with each request that may have committed something.
    pub fn layer(&self, router: Router) -> Router {
        let wake = self.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            let wake = wake.clone();
            async move {
                let changes = request.method() != Method::GET;
                let response = next.run(request).await;
                if changes {
                    wake.0.notify_one();
                }
                response
            }
        }))
    }
}

/// Where in a stream one is.
#[derive(Debug)]
struct Place {
    file: PathBuf,
    /// The last change that is done with.
    last: Option<String>,
}

/// Follows the stream of `table` for ever. `file` keeps the place.
pub async fn follow(db: Database, table: String, file: PathBuf, stream: Stream, wake: Wake) {
    let mut place = Place::of(file);
    let mut wait = WAIT;
    loop {
        let (from, source, name) = (place.last.clone(), db.clone(), table.clone());
        let read = spawn_blocking(move || records(&source, &name, from)).await;
        let records = match read {
            Ok(Ok(records)) => records,
            Ok(Err(error)) => {
                tracing::error!(error, "the local stream cannot be read");
                tokio::time::sleep(WAIT_MAX).await;
                continue;
            }
            // The process stops.
            Err(_) => return,
        };
        if records.is_empty() {
            let _ = tokio::time::timeout(LOST, wake.0.notified()).await;
            continue;
        }
        let done = match Box::pin(stream.take(&records)).await {
            Ok(()) => {
                wait = WAIT;
                records.len()
            }
            Err(Stopped { at, error }) => {
                tracing::warn!(%error, "not followed, to be repeated");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(WAIT_MAX);
                at
            }
        };
        let last = done.checked_sub(1).and_then(|at| records.get(at));
        if let Some(last) = last.and_then(|record| record.change.sequence_number.clone())
            && let Err(error) = place.keep(last)
        {
            tracing::error!(%error, "the place in the stream cannot be kept: a restart repeats");
        }
    }
}

impl Place {
    fn of(file: PathBuf) -> Self {
        let last = std::fs::read_to_string(&file).ok();
        let last = last.filter(|last| last.len() >= 21 && last.bytes().all(|b| b.is_ascii_digit()));
        Self { file, last }
    }

    /// Replaced as a whole: a kill leaves the one or the other.
    fn keep(&mut self, last: String) -> io::Result<()> {
        let next = self.file.with_extension("next");
        std::fs::write(&next, &last)?;
        std::fs::rename(&next, &self.file)?;
        self.last = Some(last);
        Ok(())
    }
}

/// Where the place is kept, for a store in this folder.
#[must_use]
pub fn place(data: &Path) -> PathBuf {
    data.join("region.stream")
}

fn records(db: &Database, table: &str, after: Option<String>) -> Result<Vec<EventRecord>, String> {
    let text = |error: dynoxide::DynoxideError| error.to_string();
    let streams = db.list_streams(ListStreamsRequest {
        table_name: Some(table.to_owned()),
        ..ListStreamsRequest::default()
    });
    let streams = streams.map_err(text)?.streams;
    let arn = streams.into_iter().next().map(|stream| stream.stream_arn);
    let arn = arn.ok_or("the table has no stream")?;
    let described = db.describe_stream(DescribeStreamRequest {
        stream_arn: arn.clone(),
        ..DescribeStreamRequest::default()
    });
    let shards = described.map_err(text)?.stream_description.shards;
    let shard = shards.into_iter().next().ok_or("the stream has no shard")?;
    let kind = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
    let iterator = db.get_shard_iterator(GetShardIteratorRequest {
        stream_arn: arn,
        shard_id: shard.shard_id,
        shard_iterator_type: kind.to_owned(),
        sequence_number: after,
    });
    let shard_iterator = iterator.map_err(text)?.shard_iterator;
    let got = db.get_records(GetRecordsRequest {
        shard_iterator: shard_iterator.ok_or("the stream has no iterator")?,
        limit: Some(BATCH),
    });
    // The embedded store writes them as the service does, and Lambda hands them over as they are.
    let records = serde_json::to_value(got.map_err(text)?.records);
    records.and_then(serde_json::from_value).map_err(|error| error.to_string())
}
