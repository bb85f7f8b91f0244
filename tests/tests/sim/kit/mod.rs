//! Parts that the simulated worlds of rooms, lobbies and player objects share.

pub mod chance;
pub mod clock;
pub mod identity;
pub mod marks;
pub mod network;
pub mod platform;
pub mod seeds;
pub mod weather;
