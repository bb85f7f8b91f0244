//! Notices to the edge about committed changes, and the work in the region that follows from them.

pub mod notices;
pub mod stream;
