//! A divided queue: how child shards and their parent share tickets.

pub(super) mod parent;
pub(super) mod shard;
