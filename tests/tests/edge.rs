//! Does the wire keep its promises in the real workerd: through lost connections, kills, evictions, panics?

#[path = "edge/bad_input.rs"]
mod bad_input;
#[path = "edge/counts.rs"]
mod counts;
#[path = "edge/crowd.rs"]
mod crowd;
#[path = "edge/cuts.rs"]
mod cuts;
#[path = "edge/dismissals.rs"]
mod dismissals;
#[path = "edge/evictions.rs"]
mod evictions;
#[path = "edge/goodbye.rs"]
mod goodbye;
#[path = "edge/history.rs"]
mod history;
#[path = "edge/idle.rs"]
mod idle;
#[path = "edge/kills.rs"]
mod kills;
#[path = "edge/mint.rs"]
mod mint;
#[path = "edge/outage.rs"]
mod outage;
#[path = "edge/panics.rs"]
mod panics;
#[path = "edge/presence.rs"]
mod presence;
#[path = "edge/reads.rs"]
mod reads;
#[path = "edge/shield.rs"]
mod shield;
#[path = "edge/signed_out.rs"]
mod signed_out;
#[path = "edge/talk.rs"]
mod talk;
#[path = "edge/tickets.rs"]
mod tickets;
#[path = "edge/word.rs"]
mod word;
