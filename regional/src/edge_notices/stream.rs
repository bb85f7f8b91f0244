//! Delivers notices about committed changes to the edge, and does the follow-up work in the region.
//!
//! The stream of a table delivers the changes of each item in order, and keeps them for a day. A change is
//! done once the edge has confirmed its notices, so no notice is lost, and some are delivered twice.

use crate::clock::{Clock, random_bytes};
use crate::config::edge::ToEdge;
use crate::edge_notices::notices::{Change, FollowUp, follow_ups, notices};
use crate::error::Error;
use crate::integrations::http_client::HttpClient;
use crate::integrations::object_store::{Bucket, BucketConfig};
use crate::picture_processing::PictureProcessor;
use crate::store::Store;
use crate::store::item::Item;
use crate::trace;
use aws_lambda_events::event::dynamodb::EventRecord;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use shared::limits;
use shared::rpc::notice::Notice;
use shared::sign::HEADER;
use shared::time::Time;

/// The route of the edge that receives notices.
const PATH: &str = "/internal/v1/notices";

/// Processes the changes that the stream delivers.
#[derive(Debug, Clone)]
pub struct NoticeStream {
    store: Store,
    edge: ToEdge,
    clock: Clock,
    http: HttpClient,
    bucket: Option<Bucket>,
}

/// The first change of a batch that could not be processed. The changes before it are done.
#[derive(Debug)]
pub struct BatchFailure {
    /// The position of the change in the batch.
    pub at: usize,
    pub error: Error,
}

impl NoticeStream {
    /// A processor that notifies this edge.
    #[must_use]
    pub fn new(store: Store, edge: ToEdge, clock: Clock) -> Self {
        Self { store, edge, clock, http: HttpClient::new(), bucket: None }
    }

    /// Also deletes the picture files of erased players.
    #[must_use]
    pub fn with_pictures(mut self, config: Option<BucketConfig>) -> Self {
        self.bucket = config.map(Bucket::new);
        self
    }

    /// Processes changes in their order. After a failure, the failed change and those after it are processed
    /// again.
    pub async fn process(&self, records: &[EventRecord]) -> Result<(), BatchFailure> {
        let changes: Vec<Change> = records.iter().map(Change::from).collect();
        let mut pending: Vec<(usize, Notice)> = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let found = or_skip(notices(change));
            pending.extend(found.into_iter().map(|notice| (at, notice)));
        }
        // The notices come first, because the edge has sockets to close.
        for batch in pending.chunks(limits::NOTICES_BATCH_MAX) {
            let at = batch.first().map_or(0, |(at, _)| *at);
            let list: Vec<_> = batch.iter().map(|(_, notice)| notice).collect();
            self.notify(&list).await.map_err(|error| BatchFailure { at, error })?;
        }
        for (at, change) in changes.iter().enumerate() {
            for follow_up in or_skip(follow_ups(change)) {
                let done = self.perform(follow_up).await;
                done.map_err(|error| BatchFailure { at, error })?;
            }
        }
        Ok(())
    }

    /// Sends notices to the edge, which confirms them.
    async fn notify(&self, list: &[&Notice]) -> Result<(), Error> {
        let busy = |text: String| Error::Busy { call: "notify_edge", text };
        let body = serde_json::to_vec(list).map_err(|error| busy(error.to_string()))?;
        let nonce = trace::new().nonce(random_bytes()?);
        let now = self.clock.now();
        let signature = self.edge.keys.sign(now, &nonce, "POST", PATH, &body);
        let request = Request::post(format!("{}{PATH}", self.edge.url))
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER, signature)
            .body(Full::from(body))
            .map_err(|error| busy(error.to_string()))?;
        let reply = self.http.send(request, limits::CALL_TIMEOUT).await;
        let reply = reply.map_err(|error| busy(error.to_string()))?;
        if reply.status != StatusCode::OK {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            return Err(busy(format!("the edge answers {}: {text}", reply.status)));
        }
        Ok(())
    }

    async fn perform(&self, follow_up: FollowUp) -> Result<(), Error> {
        match follow_up {
            FollowUp::DeleteSessions { player, below } => {
                let sessions = self.store.sessions_of(&player, None).await?;
                for session in sessions.iter().filter(|one| one.epoch < below) {
                    self.store.delete_session_below(&session.sid, below).await?;
                }
                Ok(())
            }
            FollowUp::Erase { player } => {
                if let Some(bucket) = self.bucket.clone() {
                    let (store, clock) = (self.store.clone(), self.clock.clone());
                    let processor = PictureProcessor { store, bucket, clock };
                    processor.remove_all(&player).await?;
                }
                self.store.erase(&player, self.clock.now()).await
            }
        }
    }
}

/// Skips a change that cannot be read, with an error in the log. A retry would not help, and must not block
/// later changes.
fn or_skip<T>(found: Result<Vec<T>, Error>) -> Vec<T> {
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a change in the stream cannot be read and is skipped");
        Vec::new()
    })
}

impl From<&EventRecord> for Change {
    fn from(record: &EventRecord) -> Self {
        let image =
            |item: &serde_dynamo::Item| -> Option<Item> { (!item.is_empty()).then(|| item.clone().into()) };
        let ms = record.change.approximate_creation_date_time.timestamp_millis();
        Self {
            old: image(&record.change.old_image),
            new: image(&record.change.new_image),
            at: Time::from_ms(u64::try_from(ms).unwrap_or_default()),
        }
    }
}
