//! A bot that plays Rock, Paper, Scissors: `cargo run -p matchpoint-client --example rock_paper_scissors -- URL`. Run it twice.

use matchpoint_client::{Client, Error, Room, RoomView, Wish};
use serde_json::Value;

const POOL: &str = "rock-paper-scissors";

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8787".to_owned());
    let bot = Client::new(&url)?.guest("Bot").await?;
    println!("{} waits for an opponent", bot.id());
    let found = bot.queue(POOL, Wish::default()).await?;
    let room = bot.room(found.room).await?;
    let end = play(&room).await?;
    println!("{}", outcome(&end));
    Ok(())
}

/// Chooses a hand in each round, until the mode ends the match. Returns the room as it was then.
async fn play(room: &Room) -> Result<RoomView, Error> {
    let mut played = 0;
    loop {
        let view = room.until(|view| view.ended.is_some() || round(view) > played).await?;
        if view.ended.is_some() {
            return Ok(view);
        }
        played = round(&view);
        println!("round {played}");
        let hand = hand(&view);
        match room.make_move(&hand).await {
            Ok(_) => println!("  {hand}"),
            // The round ended by time, or the opponent left.
            Err(Error::Refused(refusal)) => println!("  {hand} was refused: {:?}", refusal.code),
            Err(Error::Closed { .. }) if room.read(|view| view.ended.is_some()) => return Ok(room.view()),
            Err(error) => return Err(error),
        }
    }
}

fn round(view: &RoomView) -> u64 {
    number(view, "round")
}

/// A hand that the opponent cannot guess: it comes from the time at which the round ends, and from this player's id.
fn hand(view: &RoomView) -> &'static str {
    let id = view.you.as_ref().map_or(0, |you| you.as_str().bytes().map(u64::from).sum::<u64>());
    match (number(view, "until") / 7 + id) % 3 {
        0 => "rock",
        1 => "paper",
        _ => "scissors",
    }
}

fn number(view: &RoomView, name: &str) -> u64 {
    view.state.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn outcome(view: &RoomView) -> String {
    let Some(ended) = &view.ended else { return "not over".to_owned() };
    match (&ended.outcome, view.seat()) {
        (Some(outcome), _) if outcome.draw => "a draw".to_owned(),
        (Some(outcome), Some(seat)) if outcome.ranks.get(seat) == Some(&1) => "won".to_owned(),
        (Some(_), Some(_)) => "lost".to_owned(),
        (_, _) => format!("ended: {:?}", ended.reason),
    }
}
