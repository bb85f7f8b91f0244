//! The operations of the service API on queues.

use super::operation::{Operation, Route};
use super::service::{idempotency_key, secured};
use serde_json::{Value, json};

/// The pool and the player of the examples.
const POOL: &str = "speed-dating";
const PLAYER: &str = "p_ana";

/// Returns the operations of `/v1/queues/{pool}/tickets/{player}`.
pub fn ticket(path: &'static str) -> Vec<Route> {
    vec![(path, "get", get_ticket()), (path, "put", put_ticket()), (path, "delete", cancel_ticket())]
}

/// Returns the operation of `GET /v1/queues`.
pub fn list_queues() -> Operation {
    let operation = Operation::new(
        "listQueues",
        "service",
        "Lists the queues of all pools with their figures, which are up to ten seconds old. It wakes no queue.",
    );
    let figures = json!({
        "players": 0, "tickets": 0, "oldest": null, "estimate_ms": null, "estimate_p90_ms": null, "as_of": null,
    });
    secured(operation).json(
        200,
        "The queues.",
        "QueueList",
        json!({ "queues": [{ "pool": POOL, "figures": figures }] }),
    )
}

/// Returns the operation of `GET /v1/queues/{pool}/tickets`.
pub fn list_tickets() -> Operation {
    let cursor = json!({ "type": "string", "maxLength": 80 });
    let operation = Operation::new(
        "listTickets",
        "service",
        "Lists the tickets of a queue, each with why it waits. A shard of a divided queue follows the other, and each begins with its \
         longest wait; a shard without tickets is not woken.",
    );
    secured(operation)
        .path_parameter("pool", "PoolName", POOL)
        .query("cursor", "The `cursor` of the last page.", false, cursor, None)
        .json(200, "The tickets.", "WaitingTickets", json!({ "tickets": [], "cursor": null }))
        .problem(400, "`bad_query`")
        .problem(404, "`not_found`")
}

fn put_ticket() -> Operation {
    let operation = Operation::new(
        "putTicket",
        "service",
        "Puts a ticket of a player into a queue, by the rules of the player's own. A ticket that waits already is returned as it is, and so \
         is an ended one that the same `Idempotency-Key` named.",
    );
    of_ticket(operation.problem(403, "`scope_missing`; `banned`: the player is."))
        .header("Idempotency-Key", "The name of the intended ticket.", idempotency_key())
        .body("NewTicket", false, json!({ "attrs": { "lang": "en" } }))
        .json(201, "The ticket is in the queue.", "TicketStatus", example("waiting"))
        .json(200, "The ticket was there.", "TicketStatus", Value::Null)
        .problem(400, "`bad_field`, `bad_id`, `bad_json`")
        .problem(404, "`not_found`, `player_not_found`")
        .problem(408, "`too_slow`")
        .problem(409, "`in_match`, `cooldown`, `lobby_full`, `not_leader`, `not_connected`")
        .problem(413, "`too_long`")
}

fn get_ticket() -> Operation {
    let operation = Operation::new(
        "getTicket",
        "service",
        "Returns the ticket of a player, or how a service's latest one ended in the last ten minutes.",
    );
    of_ticket(operation)
        .json(200, "The ticket.", "TicketStatus", example("waiting"))
        .problem(400, "`bad_id`")
        .problem(404, "`not_found`, `no_ticket`")
}

fn cancel_ticket() -> Operation {
    let operation = Operation::new(
        "cancelTicket",
        "service",
        "Cancels the ticket of a player, and returns how it ended. A match that is about to start is not canceled.",
    );
    let mut canceled = example("canceled");
    if let Some(fields) = canceled.as_object_mut() {
        fields.insert("ended".into(), json!(1_795_253_400_123_u64));
    }
    of_ticket(operation)
        .json(200, "The ticket has ended.", "TicketStatus", canceled)
        .problem(400, "`bad_id`")
        .problem(404, "`not_found`, `no_ticket`")
        .problem(409, "`in_match`")
}

fn example(state: &str) -> Value {
    json!({
        "ticket": "t_ana", "pool": POOL, "players": [PLAYER], "since": 1_795_253_400_123_u64, "by": "p_service-local",
        "state": state,
    })
}

/// Adds what all operations on a ticket have.
fn of_ticket(operation: Operation) -> Operation {
    secured(operation).path_parameter("pool", "PoolName", POOL).path_parameter("player", "PlayerId", PLAYER)
}
