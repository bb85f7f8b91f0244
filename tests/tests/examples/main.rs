//! Tests of the examples with the real stack.

mod backend;
mod dating;
mod support_desk;
mod tic_tac_toe;
