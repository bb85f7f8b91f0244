//! Tests the region over HTTP, against the embedded store, with a clock that the tests move.

mod account;
mod bans;
mod blocks_follows;
mod conflicts;
mod ended_logins;
mod identity;
mod leaderboards;
mod lockout;
mod matches;
mod modes;
mod notice_stream;
mod openapi;
mod operations;
mod pictures;
mod profile_model;
mod profiles;
mod races;
mod rate_limits;
mod ratings;
mod refusals;
mod relations_model;
mod reports;
mod request_records;
mod session_list;
mod sessions;
mod world;
