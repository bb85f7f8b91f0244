//! Does the region keep its word? Over HTTP, against the embedded store, with a clock of our own.

mod conflicts;
mod matches;
mod operations;
mod profiles;
mod refusals;
mod sessions;
mod world;
