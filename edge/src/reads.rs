//! Read endpoints that the edge answers itself: cached profiles and presence.

pub mod cache;
pub mod presence;
pub mod profiles;
