//! Tests of the examples with the real stack.

mod backend;
mod dating;
mod support_desk;
