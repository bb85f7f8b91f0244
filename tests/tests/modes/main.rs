//! Modes: random play, hidden state, wakes, golden matches, and the rules of each game.

mod arena;
mod bodies;
mod clock;
mod connect_four;
mod counting;
mod endings;
mod go_fish;
mod golden;
mod guarantees;
mod play;
mod predict;
mod registry;
mod replay;
mod rock_paper_scissors;
mod secrets;
mod table;
mod tic_tac_toe;
mod wakes;
