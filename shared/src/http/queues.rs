//! The bodies of the service API on queues.

use crate::id::{PoolName, TicketId};
use crate::rpc::queue_figures::QueueFigures;
use crate::time::Time;
use serde::Serialize;
use std::fmt;

/// The response to `GET /v1/queues`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueList {
    /// The queue of each pool, by name.
    pub queues: Vec<QueueSummary>,
}

/// The queue of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueSummary {
    pub pool: PoolName,
    pub figures: QueueFigures,
}

/// The place at which a page of tickets begins: a shard, and the last ticket of the page before. Its text form is
/// `{shard}`, or `{shard}.{since}.{ticket}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketCursor {
    pub shard: u16,
    pub after: Option<(Time, TicketId)>,
}

impl TicketCursor {
    /// Reads the text form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let shard = parts.next()?.parse().ok()?;
        let after = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(since), ticket) => {
                let since = since.parse().ok().filter(|&ms| ms <= Time::LAST.ms())?;
                Some((Time::from_ms(since), ticket?.parse().ok()?))
            }
        };
        Some(Self { shard, after })
    }
}

impl fmt::Display for TicketCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.after {
            None => write!(f, "{}", self.shard),
            Some((since, ticket)) => write!(f, "{}.{}.{ticket}", self.shard, since.ms()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_survives_its_text_form_and_others_are_refused() {
        let after = Some((Time::from_ms(7), "t_a-b_c".parse().unwrap()));
        for cursor in [TicketCursor::default(), TicketCursor { shard: 63, after }] {
            assert_eq!(TicketCursor::read(&cursor.to_string()), Some(cursor));
        }
        for text in
            ["", "x", "-1", "65536", "1.", "1.7", "1.7.", "1.7.p_1", "1.x.t_1", "1.99999999999999999.t_1"]
        {
            assert_eq!(TicketCursor::read(text), None, "{text}");
        }
    }
}
