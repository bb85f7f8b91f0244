//! Processes the stream of the embedded store, as Lambda processes the stream of DynamoDB.
//!
//! Nothing is polled: each request that may commit wakes the processor. The offset is a file beside the
//! store, so a region that was killed continues after the last change that the edge confirmed.

use crate::edge_notices::stream::{BatchFailure, NoticeStream};
use aws_lambda_events::event::dynamodb::EventRecord;
use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use dynoxide::Database;
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

/// Changes in one batch, as in the template.
const BATCH: usize = 100;
/// The first wait after the edge did not confirm. It doubles up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_millis(50);
/// The longest wait after the edge did not confirm.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// The time after which the stream is read without a wake-up: a request that timed out may still commit
/// later.
const RECHECK: Duration = Duration::from_secs(30);

/// Wakes the processors of what requests commit. Clones share the same signals.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    /// Wakes the processor of the stream.
    stream: Arc<Notify>,
    /// Wakes the delivery of webhooks.
    webhooks: Arc<Notify>,
}

impl Wake {
    /// Waits until a request may have committed an event for webhooks.
    pub(super) async fn notified(&self) {
        self.webhooks.notified().await;
    }

    /// Returns a router that wakes the processor after each request that may have committed a change.
    pub fn layer(&self, router: Router) -> Router {
        let wake = self.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            let wake = wake.clone();
            async move {
                let changes = request.method() != Method::GET;
                let response = next.run(request).await;
                if changes {
                    wake.stream.notify_one();
                    wake.webhooks.notify_one();
                }
                response
            }
        }))
    }
}

/// The position in a stream, kept in a file.
#[derive(Debug)]
struct StreamOffset {
    file: PathBuf,
    /// The sequence number of the last processed change.
    last: Option<String>,
}

/// Processes the stream of `table` until the process ends. `file` keeps the offset.
pub async fn follow(db: Database, table: String, file: PathBuf, stream: NoticeStream, wake: Wake) {
    let mut offset = StreamOffset::load(file);
    let mut wait = WAIT;
    loop {
        let (from, source, name) = (offset.last.clone(), db.clone(), table.clone());
        let read = spawn_blocking(move || records(&source, &name, from)).await;
        let records = match read {
            Ok(Ok(records)) => records,
            Ok(Err(error)) => {
                tracing::error!(error, "the local stream cannot be read");
                tokio::time::sleep(WAIT_MAX).await;
                continue;
            }
            // The runtime is shutting down.
            Err(_) => return,
        };
        if records.is_empty() {
            let _ = tokio::time::timeout(RECHECK, wake.stream.notified()).await;
            continue;
        }
        let done = match Box::pin(stream.process(&records)).await {
            Ok(()) => {
                wait = WAIT;
                records.len()
            }
            Err(BatchFailure { at, error }) => {
                tracing::warn!(%error, "changes are not processed and will be retried");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(WAIT_MAX);
                at
            }
        };
        let last = done.checked_sub(1).and_then(|at| records.get(at));
        if let Some(last) = last.and_then(|record| record.change.sequence_number.clone())
            && let Err(error) = offset.save(last)
        {
            tracing::error!(%error, "the stream offset cannot be saved: a restart repeats changes");
        }
    }
}

impl StreamOffset {
    fn load(file: PathBuf) -> Self {
        let last = std::fs::read_to_string(&file).ok();
        let last = last.filter(|last| last.len() >= 21 && last.bytes().all(|b| b.is_ascii_digit()));
        Self { file, last }
    }

    /// Replaces the file as a whole, so that a kill leaves either the old or the new offset.
    fn save(&mut self, last: String) -> io::Result<()> {
        let next = self.file.with_extension("next");
        std::fs::write(&next, &last)?;
        std::fs::rename(&next, &self.file)?;
        self.last = Some(last);
        Ok(())
    }
}

/// The file of the offset, for a store in this folder.
#[must_use]
pub fn offset_file(data: &Path) -> PathBuf {
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
    // The embedded store has the record format of DynamoDB, which Lambda passes on unchanged.
    let records = serde_json::to_value(got.map_err(text)?.records);
    records.and_then(serde_json::from_value).map_err(|error| error.to_string())
}
