//! Delivery: frames to sockets, calls that are repeated until confirmed, and sockets that wait for admission.

pub mod conn_numbers;
pub mod gather;
pub mod outbox;
pub mod pending_calls;
pub mod pending_sockets;
