//! The table of all ops: which of `to`, `key`, `ack` and `if_at` each one takes. A field that an op does not take is refused.

use super::frame::Message;
use super::refusal::{Refusal, RefusalCode};
use std::fmt::Write as _;

/// An op's use of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Required,
    Optional,
    Refused,
}

/// One op of an object, and the fields that it takes beside `op`, `id` and `body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Op {
    pub name: &'static str,
    pub to: Field,
    pub key: Field,
    pub ack: Field,
    pub if_at: Field,
}

/// The ops of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ops {
    /// The object's name in documentation.
    pub object: &'static str,
    pub ops: &'static [Op],
}

pub(super) const fn op(name: &'static str, to: Field, key: Field, ack: Field) -> Op {
    Op { name, to, key, ack, if_at: Field::Refused }
}

impl Op {
    /// Returns the same op, which takes `if_at`.
    pub(super) const fn comparing(self) -> Self {
        Self { if_at: Field::Optional, ..self }
    }

    /// Returns the four fields with their names.
    #[must_use]
    pub const fn fields(&self) -> [(&'static str, Field); 4] {
        [("to", self.to), ("key", self.key), ("ack", self.ack), ("if_at", self.if_at)]
    }

    fn check(&self, message: &Message) -> Result<(), Refusal> {
        let present = [message.to.is_some(), message.key.is_some(), message.durable, message.if_at.is_some()];
        for ((field, taken), present) in self.fields().into_iter().zip(present) {
            let op = self.name;
            match taken {
                Field::Required if !present => {
                    return Err(Refusal::field(field, format!("`{op}` needs `{field}`")));
                }
                Field::Refused if present => {
                    let message = format!("`{op}` does not take `{field}`: leave it out");
                    return Err(Refusal::field(field, message));
                }
                Field::Required | Field::Optional | Field::Refused => {}
            }
        }
        Ok(())
    }
}

impl Ops {
    /// Checks that the object has the op of this message, and that the op takes the message's fields.
    pub fn check(&self, message: &Message) -> Result<(), Refusal> {
        let op = self.ops.iter().find(|op| op.name == message.op);
        op.ok_or_else(|| self.unknown(&message.op))?.check(message)
    }

    /// Returns the refusal of an op that the object does not have.
    #[must_use]
    pub fn unknown(&self, op: &str) -> Refusal {
        let known: Vec<&str> = self.ops.iter().map(|op| op.name).collect();
        let message = format!("no op {op:?} here; known: {}", known.join(", "));
        Refusal { field: Some("op".into()), ..Refusal::new(RefusalCode::UnknownOp, message) }
    }
}

/// Writes the table of all ops for docs/protocol.md.
#[must_use]
pub fn markdown(objects: &[Ops]) -> String {
    let mut table =
        String::from("| object | op | `to` | `key` | `ack` | `if_at` |\n|---|---|---|---|---|---|\n");
    for Ops { object, ops } in objects {
        for op in *ops {
            let [to, key, ack, if_at] = op.fields().map(|(_, field)| match field {
                Field::Required => "required",
                Field::Optional => "optional",
                Field::Refused => "refused",
            });
            let _ = writeln!(table, "| {object} | `{}` | {to} | {key} | {ack} | {if_at} |", op.name);
        }
    }
    table
}
