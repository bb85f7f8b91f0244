//! Is every client that says goodbye answered, wherever it was?

use anyhow::{Context, Result};
use tests::stack;

use super::talk::{meet, server};

#[tokio::test]
async fn a_goodbye_is_answered_everywhere() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, _) = meet(&server).await?;
    let places = [
        ("a line of one's own", server.me(&ana)),
        ("a room", server.room(&room, &ana)),
        ("a queue", server.lobby("speed-dating", &ana)),
    ];
    for (place, opening) in places {
        // At once: what the welcome set off is still under way.
        let mut socket = opening.connect().await?;
        socket.welcome().await?;
        socket.close().await.context(place)?;
    }
    Ok(())
}
