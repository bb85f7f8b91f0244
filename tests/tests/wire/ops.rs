//! Tests the fields that every op takes, against the table of ops.

use serde_json::{Value, json};
use shared::wire::ops::{Field, Op};
use shared::wire::{ClientCommand, RefusalCode, decode, lobby, me, room};

/// A message with valid values for the fields that the op requires.
fn message(op: &Op) -> Value {
    let mut message = json!({ "id": 1, "op": op.name, "body": body(op.name) });
    for (field, taken) in op.fields() {
        if taken == Field::Required {
            message[field] = value(field);
        }
    }
    message
}

fn value(field: &str) -> Value {
    match field {
        "to" => json!("p_2"),
        "key" => json!("k"),
        "if_at" => json!(7),
        _ => json!("durable"),
    }
}

fn body(op: &str) -> Value {
    match op {
        "set" => json!({ "keys": { "a": 1 } }),
        "report" => json!({ "reason": "spam" }),
        "seen" => json!({ "at": 1 }),
        "auth" => json!({ "token": "t" }),
        "active" => json!({ "active": true }),
        "join" => json!({ "party": "0-a" }),
        "read" => json!({ "ids": ["nt_1"] }),
        "put_out" => json!({ "player": "p_2" }),
        _ => Value::Null,
    }
}

/// The code and field of the refusal; none where the object reads the message as a command.
fn refused<C: ClientCommand>(message: &Value) -> Option<(RefusalCode, Option<String>)> {
    let message = decode(&message.to_string()).expect("a frame").remove(0).expect("a message");
    C::read(&message).err().map(|refusal| (refusal.code, refusal.field.map(String::from)))
}

fn check<C: ClientCommand>() {
    for op in C::OPS.ops {
        let plain = message(op);
        assert_eq!(refused::<C>(&plain), None, "{plain}");
        for (field, taken) in op.fields() {
            let mut with = plain.clone();
            with[field] = value(field);
            let mut without = plain.clone();
            without.as_object_mut().expect("an object").remove(field);
            let bad_field = Some((RefusalCode::BadField, Some(field.to_owned())));
            let (if_present, if_absent) = match taken {
                Field::Required => (None, bad_field),
                Field::Optional => (None, None),
                Field::Refused => (bad_field, None),
            };
            assert_eq!(refused::<C>(&with), if_present, "{with}");
            assert_eq!(refused::<C>(&without), if_absent, "{without}");
        }
    }
}

#[test]
fn ops_take_exactly_the_fields_of_their_table() {
    check::<room::Command>();
    check::<lobby::Command>();
    check::<me::Command>();
}
