//! Does the region keep its word? Over HTTP, against the embedded store, with a clock of our own.

mod bans;
mod boards;
mod conflicts;
mod devices;
mod identity;
mod leaving;
mod lockout;
mod matches;
mod model;
mod openapi;
mod operations;
mod pace;
mod people;
mod pictures;
mod profiles;
mod ratings;
mod records;
mod refusals;
mod reports;
mod sessions;
mod stream;
mod ties;
mod world;
