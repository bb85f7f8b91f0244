//! From a change that was committed to an edge that knows it.
//!
//! Whatever the tables commit comes out of their stream in order, for each item, and stays there for a day. It is taken
//! from there once the edge has confirmed it: nothing is lost that was committed, and some of it is told twice.

use crate::bucket::{Bucket, Place};
use crate::clock::{Clock, chance};
use crate::config::ToEdge;
use crate::error::Error;
use crate::news::{Change, Chore, chores, notices};
use crate::outside::Outside;
use crate::store::Store;
use crate::store::item::Item;
use crate::studio::Studio;
use aws_lambda_events::event::dynamodb::EventRecord;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use shared::caps;
use shared::id::base32;
use shared::notice::Notice;
use shared::sign::HEADER;
use shared::time::Time;

/// The edge's route for what the region has to say.
const PATH: &str = "/internal/v1/notices";

/// Takes changes and does what follows from them.
#[derive(Debug, Clone)]
pub struct Stream {
    store: Store,
    edge: ToEdge,
    clock: Clock,
    outside: Outside,
    bucket: Option<Bucket>,
}

/// A change that could not be followed; those before it were.
#[derive(Debug)]
pub struct Stopped {
    /// Its place among those handed over.
    pub at: usize,
    /// Why.
    pub error: Error,
}

impl Stream {
    /// For this edge.
    #[must_use]
    pub fn new(store: Store, edge: ToEdge, clock: Clock) -> Self {
        Self { store, edge, clock, outside: Outside::new(), bucket: None }
    }

    /// With the files of pictures, which go with their owner.
    #[must_use]
    pub fn with_pictures(mut self, place: Option<Place>) -> Self {
        self.bucket = place.map(Bucket::new);
        self
    }

    /// Follows changes in their order. What it did of those behind the one where it stopped is done again next time.
    pub async fn take(&self, records: &[EventRecord]) -> Result<(), Stopped> {
        let changes: Vec<Change> = records.iter().map(Change::from).collect();
        let mut owed: Vec<(usize, Notice)> = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let found = readable(notices(change));
            owed.extend(found.into_iter().map(|notice| (at, notice)));
        }
        // The edge first: sockets wait to be closed.
        for part in owed.chunks(caps::NOTICES) {
            let at = part.first().map_or(0, |(at, _)| *at);
            let list: Vec<_> = part.iter().map(|(_, notice)| notice).collect();
            self.tell(&list).await.map_err(|error| Stopped { at, error })?;
        }
        for (at, change) in changes.iter().enumerate() {
            for chore in readable(chores(change)) {
                let done = self.perform(chore).await;
                done.map_err(|error| Stopped { at, error })?;
            }
        }
        Ok(())
    }

    /// Tells the edge, and is sure that it knows.
    async fn tell(&self, list: &[&Notice]) -> Result<(), Error> {
        let busy = |text: String| Error::Busy { call: "tell_edge", text };
        let body = serde_json::to_vec(list).map_err(|error| busy(error.to_string()))?;
        let nonce = base32(&chance::<16>()?);
        let now = self.clock.now();
        let signature = self.edge.keys.sign(now, &nonce, "POST", PATH, &body);
        let request = Request::post(format!("{}{PATH}", self.edge.url))
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER, signature)
            .body(Full::from(body))
            .map_err(|error| busy(error.to_string()))?;
        let reply = self.outside.ask(request, caps::CALL).await;
        let reply = reply.map_err(|error| busy(error.to_string()))?;
        if reply.status != StatusCode::OK {
            let said = String::from_utf8_lossy(&reply.body).into_owned();
            return Err(busy(format!("the edge answers {}: {said}", reply.status)));
        }
        Ok(())
    }

    async fn perform(&self, chore: Chore) -> Result<(), Error> {
        match chore {
            Chore::Forget { player, below } => {
                let sessions = self.store.sessions_of(&player, None).await?;
                for session in sessions.iter().filter(|one| one.epoch < below) {
                    self.store.forget_session(&session.sid, below).await?;
                }
                Ok(())
            }
            Chore::Erase { player } => {
                if let Some(bucket) = self.bucket.clone() {
                    let (store, clock) = (self.store.clone(), self.clock.clone());
                    let studio = Studio { store, bucket, clock };
                    studio.remove_all(&player).await?;
                }
                self.store.erase(&player, self.clock.now()).await
            }
        }
    }
}

/// A change that cannot be read will never be: it is said loudly, and does not hold up those behind it.
fn readable<T>(found: Result<Vec<T>, Error>) -> Vec<T> {
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a change in the stream is not as we write it: passed over");
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
