//! Tests that every code block of the documents works, and that every link in them leads to a file.

mod blocks;
mod commands;
mod data;
mod frames;
mod links;
mod programs;
mod python;
mod reference;
mod script;
mod typescript;
