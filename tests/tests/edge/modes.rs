//! Tests a whole match of a mode in workerd: cuts, evictions and kills in the middle of moves, and its record.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, Stack, WebSockets};
use xtask::next_event;
use xtask::wire::{LobbyEvent, Player, RoomEvent, Server, Socket, at, num, text};

use super::chat::server;
use super::match_history::recorded_match;

/// A player at the board, with the state that the player's client has.
struct Seat<'a> {
    server: &'a Server,
    room: String,
    player: Player,
    socket: Socket,
    state: Value,
}

impl<'a> Seat<'a> {
    async fn take(server: &'a Server, room: &str, player: &Player) -> Result<Self> {
        let mut socket = server.room(room, player).connect().await?;
        socket.welcome().await?;
        Ok(Self { server, room: room.to_owned(), player: player.clone(), socket, state: Value::Null })
    }

    /// Opens the room again, as a page does that was reloaded.
    async fn reload(&mut self) -> Result<()> {
        self.socket = self.server.room(&self.room, &self.player).connect().await?;
        let welcome = self.socket.welcome().await?;
        self.state = welcome.pointer("/snapshot/state").context("a state")?.clone();
        Ok(())
    }

    /// Drops a disc; a kill may lose a move that is only accepted, and not one that is durable.
    async fn play(&mut self, column: u64) -> Result<u64> {
        let message = json!({"op": "move", "ack": "durable", "body": {"drop": column}});
        let reply = self.socket.ok(message).await?;
        num(&reply, "/at").context("a position")
    }

    /// Returns the number of discs that this player sees.
    fn discs(&self) -> usize {
        self.state.pointer("/board").and_then(Value::as_object).map_or(0, serde_json::Map::len)
    }

    /// Waits for a move, and applies its patch.
    async fn see(&mut self, position: u64) -> Result<()> {
        loop {
            let event = next_event!(self.socket, RoomEvent::Moved).await?;
            shared::mode::patch::apply(&mut self.state, event.get("state").cloned().unwrap_or_default());
            if at(&event) >= Some(position) {
                return Ok(());
            }
        }
    }
}

/// Matches two players in the pool of a mode.
async fn matched(server: &Server, pool: &str) -> Result<(String, [Player; 2])> {
    let players = [server.guest("Ana").await?, server.guest("Bo").await?];
    let mut sockets = Vec::new();
    for player in &players {
        let mut socket = server.lobby(pool, player).connect().await?;
        socket.welcome().await?;
        socket.ok(json!({"op": "enter", "body": {}})).await?;
        sockets.push(socket);
    }
    let mut room = None;
    for socket in &mut sockets {
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        room = Some(text(&event, "/body/room").to_owned());
    }
    Ok((room.context("a room")?, players))
}

/// Seats both players, first the one with seat 0, and waits for the start.
async fn seated<'a>(server: &'a Server, room: &str, players: &[Player; 2]) -> Result<[Seat<'a>; 2]> {
    let [one, two] = players;
    let mut seats = [Seat::take(server, room, one).await?, Seat::take(server, room, two).await?];
    let mut order = Vec::new();
    for seat in &mut seats {
        let started = next_event!(seat.socket, RoomEvent::Started).await?;
        seat.state = started.get("state").context("a state")?.clone();
        order = started.pointer("/body/seats").and_then(Value::as_array).cloned().unwrap_or_default();
    }
    if order.first().and_then(Value::as_str) != Some(&seats[0].player.id) {
        seats.reverse();
    }
    Ok(seats)
}

/// Sends a move that must be durable, kills workerd before the reply, and repeats the move on a new socket.
async fn killed_in_mid_move(stack: &Stack, seat: &mut Seat<'_>, column: u64) -> Result<u64> {
    let message = json!({
        "op": "move", "key": format!("killed{column}"), "ack": "durable", "body": {"drop": column},
    });
    seat.socket.send(&message).await?;
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    seat.reload().await?;
    num(&seat.socket.ok(message).await?, "/at").context("a position")
}

#[tokio::test]
async fn match_survives_cuts_evictions_and_kills_and_is_rated_for_both() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, players) = matched(&server, "connect-four").await?;
    let [mut first, mut second] = seated(&server, &room, &players).await?;

    let position = first.play(3).await?;
    second.see(position).await?;
    second.play(3).await?;
    // A lost connection, and a page that is opened again.
    let Seat { socket, .. } = Seat::take(&server, &room, &first.player).await?;
    std::mem::replace(&mut first.socket, socket).cut();
    first.reload().await?;
    ensure!(first.discs() == 2, "{}", first.state);
    first.play(2).await?;
    stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;
    second.play(2).await?;

    let position = killed_in_mid_move(&stack, &mut first, 1).await?;
    second.reload().await?;
    ensure!(second.discs() == 5 && first.discs() <= 5, "one disc for each move: {}", second.state);
    let again = first.socket.ok(json!({"op": "move", "key": "killed1", "body": {"drop": 1}})).await?;
    ensure!(num(&again, "/at") == Some(position), "{again}");
    killed_in_mid_move(&stack, &mut second, 1).await?;
    first.reload().await?;
    ensure!(first.discs() == 6, "{}", first.state);

    // The fourth disc in the lowest row.
    first.play(0).await?;
    for seat in [&first, &second] {
        // Also a member who reconnects after the end learns of it.
        let mut socket = server.room(&room, &seat.player).connect().await?;
        let welcome = socket.welcome().await?;
        ensure!(text(&welcome, "/phase") == "over", "{welcome}");
        socket.closed_with(4007).await?;
    }
    for (seat, rank) in [(&first, 1), (&second, 2)] {
        let recorded = recorded_match(&server, &seat.player, &room).await?;
        ensure!(text(&recorded, "/mode") == "connect-four@1", "{recorded}");
        ensure!(recorded.pointer("/outcome/ranks") == Some(&json!([1, 2])), "{recorded}");
        let (before, after) = (recorded.pointer("/rating/before"), recorded.pointer("/rating/after"));
        let (before, after) = (before.and_then(Value::as_f64), after.and_then(Value::as_f64));
        ensure!(before.is_some() && (after > before) == (rank == 1), "{recorded}");
        ensure!(recorded.get("replay").is_none(), "a player sees the replay: {recorded}");
    }
    stack.stop().await;
    Ok(())
}
