//! `cargo xtask bench revoke`: measures the time from a sign-out everywhere to the close of the last socket.

use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::Times;
use crate::stack::Stack;
use crate::wire::{Server, Socket, text};

/// Signs players out everywhere, one after another, and waits for their sockets to close with 4302.
#[derive(Debug, Clone, Args)]
pub struct Revoke {
    /// Number of sign-outs
    #[arg(long, default_value_t = 200)]
    rounds: usize,
}

impl Revoke {
    pub(super) async fn run(&self, stack: &Stack) -> Result<String> {
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        let pools: serde_json::Value = server.get("/v1/config").await?.json().await?;
        let pool = text(&pools, "/pools/0").to_owned();
        let (mut asked, mut answered) = (Times::new()?, Times::new()?);
        for _ in 0..self.rounds {
            let guest = server.guest("Bench").await?;
            let room = server.open_room(&guest, &json!({})).await?;
            let mut sockets: Vec<Socket> = Vec::new();
            for opening in [server.room(&room, &guest), server.lobby(&pool, &guest), server.me(&guest)] {
                let mut socket = opening.connect().await?;
                socket.welcome().await?;
                sockets.push(socket);
            }
            let begun = Instant::now();
            let url = format!("{}/v1/sessions", stack.region_url());
            let answer = server.http().delete(url).bearer_auth(&guest.token);
            let status = answer.send().await?.status();
            ensure!(status.is_success(), "signing out was answered {status}");
            let known = Instant::now();
            for socket in &mut sockets {
                socket.closed_with(4302).await?;
            }
            asked.add(begun.elapsed());
            answered.add(known.elapsed());
        }
        Ok(format!(
            "{} sign-outs, three sockets each, until the last one is closed\n  from the request: {}\n  from the answer:  {}",
            asked.count(),
            asked.show(),
            answered.show()
        ))
    }
}
