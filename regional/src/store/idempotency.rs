//! Stored responses to requests with an idempotency key, so that a repeated request gets the same response.

use super::Store;
use super::item::{Item, at, b, get_number, get_text, n, new_item, optional_hash, s};
use super::keys::{GSI1PK, GSI1SK, Key, TTL, Table, answer_index};
use super::transact::CommitOutcome;
use super::write_op::WriteOp;
use crate::error::Error;
use shared::id::PlayerId;
use shared::limits;
use shared::time::Time;

/// A request that carries an idempotency key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    pub caller: PlayerId,
    pub key: String,
    /// The SHA-256 of method, path and body.
    pub hash: [u8; 32],
}

/// The state of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is new: this request must be processed.
    Acquired,
    /// The first request with the key is being processed.
    InProgress,
    /// The key belongs to a different request.
    KeyReused,
    /// The request was processed before, with this response.
    Completed { status: u16, body: String },
}

impl KeyedRequest {
    fn row(&self) -> Key {
        Key::Answer(self.caller.clone(), self.key.clone())
    }
}

impl Store {
    /// Claims a key for a request, or returns what is known of the key.
    pub async fn claim_request(&self, request: &KeyedRequest, now: Time) -> Result<Claim, Error> {
        let (index_partition, index_sort) = answer_index(&request.caller, &request.key);
        let item = new_item(
            &request.row(),
            [
                ("hash", b(request.hash)),
                ("begun", at(now)),
                ("status", n(0)),
                ("body", s("")),
                (TTL, n((now + limits::IDEMPOTENT_RESPONSE_TTL).secs())),
                (GSI1PK, s(index_partition)),
                (GSI1SK, s(index_sort)),
            ],
        );
        // A key is free again after its lifetime, and for the same request once the first one must have timed
        // out.
        let free = "attribute_not_exists(pk) OR begun <= :day OR (#status = :none AND begun <= :dead AND #hash = :hash)";
        let put = WriteOp::put(Table::Core, item)
            .only_if(free)
            .name("#status", "status")
            .name("#hash", "hash")
            .value(":none", n(0))
            .value(":hash", b(request.hash))
            .value(":day", at(now - limits::IDEMPOTENT_RESPONSE_TTL))
            .value(":dead", at(now - limits::REGION_REQUEST_TIMEOUT));
        match self.commit("claim_request", vec![put]).await? {
            CommitOutcome::Committed => Ok(Claim::Acquired),
            CommitOutcome::ConditionFailed(found) => {
                let found = found.into_iter().flatten().next().unwrap_or_default();
                read(&found, request)
            }
        }
    }

    /// Stores the response of a claimed request.
    pub async fn complete_request(
        &self,
        request: &KeyedRequest,
        status: u16,
        body: &[u8],
        now: Time,
    ) -> Result<(), Error> {
        let update = WriteOp::update(&request.row())
            .set("status", n(status))
            .set("body", s(String::from_utf8_lossy(body)))
            .set("answered", at(now))
            .only_if("#hash = :hash")
            .name("#hash", "hash")
            .value(":hash", b(request.hash));
        self.commit("complete_request", vec![update]).await.map(|_| ())
    }

    /// Frees the key of a request that was not processed.
    pub async fn release_request(&self, request: &KeyedRequest) -> Result<(), Error> {
        let delete = WriteOp::delete(&request.row())
            .only_if("#hash = :hash AND #status = :none")
            .name("#status", "status")
            .name("#hash", "hash")
            .value(":hash", b(request.hash))
            .value(":none", n(0));
        self.commit("release_request", vec![delete]).await.map(|_| ())
    }
}

fn read(item: &Item, request: &KeyedRequest) -> Result<Claim, Error> {
    if optional_hash(item, "hash")? != Some(request.hash) {
        return Ok(Claim::KeyReused);
    }
    let status: u16 = get_number(item, "status")?;
    if status == 0 {
        return Ok(Claim::InProgress);
    }
    Ok(Claim::Completed { status, body: get_text(item, "body")? })
}
