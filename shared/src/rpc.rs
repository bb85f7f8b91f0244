//! Messages between objects, and between edge and region: requests, responses, notices and records.
//!
//! The types of this module carry no behaviour of a machine. Room, lobby and player depend on them, never the
//! reverse.

pub mod audit;
pub mod host;
pub mod notice;
pub mod object_name;
pub mod opened;
pub mod peer;
pub mod player;
pub mod player_notice;
pub mod queue_figures;
pub mod queue_service;
pub mod record;
pub mod room_service;
pub mod setup;
pub mod shard;
pub mod ticket;

pub use host::{HostRequest, HostResponse};
pub use notice::{Notice, NoticeKind};
pub use object_name::ObjectName;
pub use peer::{PeerRequest, PeerResponse, PresenceRequest, PresenceResponse};
pub use player::{
    Denial, DeviceInspection, Evictee, ForcedClose, LoginCheck, MatchInspection, OwnRoomRequest,
    OwnRoomResponse, PlayerInspection, PlayerRequest, PlayerResponse,
};
pub use setup::Setup;
pub use shard::{ShardRequest, ShardResponse};

#[cfg(test)]
mod tests;
