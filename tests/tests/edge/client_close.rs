//! Tests that the server answers a close frame on every kind of socket.

use anyhow::{Context, Result};
use tests::stack;

use super::chat::{meet, server};

#[tokio::test]
async fn close_frame_is_answered_on_every_kind_of_socket() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, _) = meet(&server).await?;
    let sockets = [
        ("the me socket", server.me(&ana)),
        ("a room", server.room(&room, &ana)),
        ("a lobby", server.lobby("speed-dating", &ana)),
    ];
    for (kind, opening) in sockets {
        // Closes at once, while the work that the welcome started is still running.
        let mut socket = opening.connect().await?;
        socket.welcome().await?;
        socket.close().await.context(kind)?;
    }
    Ok(())
}
