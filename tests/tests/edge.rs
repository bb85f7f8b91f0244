//! Tests the edge in a real workerd: delivery, resume, evictions, kills, panics, limits, reads and presence.

#[path = "edge/bad_input.rs"]
mod bad_input;
#[path = "edge/broken_storage.rs"]
mod broken_storage;
#[path = "edge/chat.rs"]
mod chat;
#[path = "edge/client_close.rs"]
mod client_close;
#[path = "edge/disconnects.rs"]
mod disconnects;
#[path = "edge/evictions.rs"]
mod evictions;
#[path = "edge/forced_closes.rs"]
mod forced_closes;
#[path = "edge/hibernation.rs"]
mod hibernation;
#[path = "edge/kills.rs"]
mod kills;
#[path = "edge/lobby_crowd.rs"]
mod lobby_crowd;
#[path = "edge/match_history.rs"]
mod match_history;
#[path = "edge/metrics.rs"]
mod metrics;
#[path = "edge/misconfigured_pool.rs"]
mod misconfigured_pool;
#[path = "edge/modes.rs"]
mod modes;
#[path = "edge/panics.rs"]
mod panics;
#[path = "edge/presence.rs"]
mod presence;
#[path = "edge/profile_reads.rs"]
mod profile_reads;
#[path = "edge/region_breaker.rs"]
mod region_breaker;
#[path = "edge/region_client.rs"]
mod region_client;
#[path = "edge/region_outage.rs"]
mod region_outage;
#[path = "edge/request_limits.rs"]
mod request_limits;
#[path = "edge/service_backend.rs"]
mod service_backend;
#[path = "edge/service_notices.rs"]
mod service_notices;
#[path = "edge/service_queues.rs"]
mod service_queues;
#[path = "edge/service_rooms.rs"]
mod service_rooms;
#[path = "edge/shared_object.rs"]
mod shared_object;
#[path = "edge/sign_out.rs"]
mod sign_out;
#[path = "edge/tickets.rs"]
mod tickets;
#[path = "edge/traces.rs"]
mod traces;
#[path = "edge/webhooks.rs"]
mod webhooks;
