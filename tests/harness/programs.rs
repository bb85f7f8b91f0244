//! Programs of guides and examples: they get the addresses and keys of a stack as their readers have them.

use std::process::Stdio;

use tokio::process::Command;

use crate::stack::Stack;

/// Gives a program the stack's addresses and keys. It ends with the value.
pub fn environment(command: &mut Command, stack: &Stack) {
    command
        .env("EDGE", stack.edge_url())
        .env("REGION", stack.region_url())
        .env("SERVICE_KEY", stack.service_key())
        .env("WEBHOOK_SECRET", stack.webhook_secret())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
}
