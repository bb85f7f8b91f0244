//! The TypeScript types of the wire, which `cargo xtask wire` writes to sdk/src/wire/wire.ts.

use super::envelope::TypescriptEvents;
use super::ops::{Field, Ops};
use super::{AuthBody, lobby, me, notice, reason, refusal, room, welcome};
use crate::{id, pool, presence, time};
use std::fmt::Write as _;
use ts_rs::{Config, TS};

/// Ids are strings on the wire, and times are numbers.
macro_rules! primitive {
    ($name:literal: $($type:ty),*) => { $(
        impl TS for $type {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &Config) -> String {
                $name.to_owned()
            }
            fn inline(cfg: &Config) -> String {
                Self::name(cfg)
            }
        }
    )* };
}

primitive!("string": id::NoticeId, id::PlayerId, id::RoomId, id::SessionId, id::TicketId, id::ReportId, id::PoolName);
primitive!("number": time::Time);

const HEAD: &str = r#"// The types of the wire, written by `cargo xtask wire` from shared/src/wire. Do not edit.

/** The subprotocol, which the server echoes alone. */
export const PROTOCOL = "matchpoint.v1";

/** Any JSON value. The body of a `say` or a `signal` is the product's own. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The part that all events share. An event with `at` is in the log of its room. */
export type Envelope = { at?: number; by?: string; ts?: number };

/** The fields that a command may have beside those of its op. */
export type WithId = { id?: number };
"#;

const TAIL: &str = r#"
/** The first message on every socket, with the fields that its object adds. */
export type Welcome = { ev: "welcome" } & WelcomeFields & Partial<RoomWelcome & LobbyWelcome & Devices>;

/** An event of any object. */
export type Event = RoomEvent | LobbyEvent | MeEvent;

/** A command to any object. */
export type Command = RoomCommand | LobbyCommand | MeCommand;

/** The answer to a command that had an `id`. */
export type Reply =
  | { id: number | string; ok: { at?: number; [more: string]: Json | undefined } }
  | { id: number | string; err: Refusal };

/** A message from the server. */
export type Message = Welcome | Event | Reply;
"#;

/// Writes the whole of sdk/src/wire/wire.ts.
#[must_use]
pub fn document() -> String {
    let cfg = Config::new().with_large_int("number");
    let mut out = HEAD.to_owned();
    refusals_and_welcome(&mut out, &cfg);
    room_types(&mut out, &cfg);
    lobby_types(&mut out, &cfg);
    me_types(&mut out, &cfg);
    out.push_str(TAIL);
    out.replace("JsonValue", "Json")
}

fn refusals_and_welcome(out: &mut String, cfg: &Config) {
    declare::<refusal::RefusalCode>(out, cfg);
    declare::<refusal::Refusal>(out, cfg);
    declare::<welcome::Heartbeat>(out, cfg);
    declare::<welcome::Limits>(out, cfg);
    declare::<welcome::Welcome<()>>(out, cfg);
    declare::<AuthBody>(out, cfg);
}

fn room_types(out: &mut String, cfg: &Config) {
    declare::<room::MemberState>(out, cfg);
    declare::<room::Member>(out, cfg);
    declare::<room::Cell>(out, cfg);
    declare::<room::PhaseName>(out, cfg);
    declare::<room::Snapshot>(out, cfg);
    declare::<room::Welcome>(out, cfg);
    declare::<reason::ReportReason>(out, cfg);
    declare::<reason::EndReason>(out, cfg);
    declare::<room::SetBody>(out, cfg);
    declare::<room::ReportBody>(out, cfg);
    declare::<room::SeenBody>(out, cfg);
    declare::<room::MemberName>(out, cfg);
    declare::<room::LeftReason>(out, cfg);
    declare::<room::Left>(out, cfg);
    declare::<room::Set>(out, cfg);
    declare::<crate::mode::Outcome>(out, cfg);
    declare::<room::Ended>(out, cfg);
    declare::<room::EndProposal>(out, cfg);
    declare::<room::Started>(out, cfg);
    declare::<room::Reply>(out, cfg);
    events::<room::Event>(out, cfg, "RoomEvent", "An event of a room.");
    let bodies = [
        ("say", "Json"),
        ("set", "SetBody"),
        ("hint", "Json"),
        ("signal", "Json"),
        ("end", "Json"),
        ("move", "Json"),
        ("report", "ReportBody"),
        ("seen", "SeenBody"),
        ("auth", "AuthBody"),
    ];
    commands(out, room::OPS, "RoomCommand", "A command to a room.", &bodies);
}

fn lobby_types(out: &mut String, cfg: &Config) {
    declare::<pool::want::Relax>(out, cfg);
    declare::<pool::want::Want>(out, cfg);
    declare::<lobby::EnterBody>(out, cfg);
    declare::<lobby::JoinBody>(out, cfg);
    declare::<lobby::PutOutBody>(out, cfg);
    declare::<lobby::Ticket>(out, cfg);
    declare::<lobby::QueueState>(out, cfg);
    declare::<lobby::Welcome>(out, cfg);
    declare::<lobby::PartyMember>(out, cfg);
    declare::<lobby::Party>(out, cfg);
    declare::<lobby::PartyChange>(out, cfg);
    declare::<lobby::Proposed>(out, cfg);
    declare::<lobby::Matched>(out, cfg);
    declare::<lobby::Returned>(out, cfg);
    declare::<lobby::Expired>(out, cfg);
    declare::<lobby::RuleCount>(out, cfg);
    declare::<lobby::Why>(out, cfg);
    declare::<lobby::Reply>(out, cfg);
    events::<lobby::Event>(out, cfg, "LobbyEvent", "An event of a lobby.");
    let bodies = [
        ("enter", "EnterBody"),
        ("party", "EnterBody"),
        ("join", "JoinBody"),
        ("put_out", "PutOutBody"),
        ("auth", "AuthBody"),
    ];
    commands(out, lobby::OPS, "LobbyCommand", "A command to a lobby.", &bodies);
}

fn me_types(out: &mut String, cfg: &Config) {
    declare::<presence::State>(out, cfg);
    declare::<presence::PlayerPresence>(out, cfg);
    declare::<me::ActiveBody>(out, cfg);
    declare::<me::ReadBody>(out, cfg);
    declare::<me::Device>(out, cfg);
    declare::<me::Devices>(out, cfg);
    declare::<notice::PlayerNotice>(out, cfg);
    declare::<me::Notice>(out, cfg);
    declare::<me::Reply>(out, cfg);
    events::<me::Event>(out, cfg, "MeEvent", "An event of a me socket.");
    let bodies = [("active", "ActiveBody"), ("read", "ReadBody"), ("auth", "AuthBody")];
    commands(out, me::OPS, "MeCommand", "A command on a me socket.", &bodies);
}

fn declare<T: TS>(out: &mut String, cfg: &Config) {
    out.push('\n');
    if let Some(docs) = T::docs() {
        out.push_str(&docs);
    }
    let _ = writeln!(out, "export {}", T::decl(cfg));
}

fn events<E: TypescriptEvents>(out: &mut String, cfg: &Config, name: &str, docs: &str) {
    let _ = write!(out, "\n/** {docs} */\nexport type {name} = Envelope & (");
    for (ev, fields) in E::variants(cfg) {
        let body = if fields.starts_with("body") { "" } else { "; body?: undefined" };
        let to = if fields.starts_with("to") { "" } else { "; to?: undefined" };
        let fields = if fields.is_empty() { fields } else { format!("; {fields}") };
        let _ = write!(out, "\n  | {{ ev: \"{ev}\"{fields}{body}{to} }}");
    }
    out.push_str("\n);\n");
}

fn commands(out: &mut String, Ops { ops, .. }: Ops, name: &str, docs: &str, bodies: &[(&str, &str)]) {
    let _ = write!(out, "\n/** {docs} */\nexport type {name} = WithId & (");
    for op in ops {
        let _ = write!(out, "\n  | {{ op: \"{}\"", op.name);
        for (field, taken) in op.fields() {
            let value = match field {
                "ack" => "\"durable\"",
                "if_at" => "number",
                _ => "string",
            };
            match taken {
                Field::Required => _ = write!(out, "; {field}: {value}"),
                Field::Optional => _ = write!(out, "; {field}?: {value}"),
                Field::Refused => _ = write!(out, "; {field}?: undefined"),
            }
        }
        match bodies.iter().find(|(name, _)| *name == op.name) {
            Some((_, "Json")) => out.push_str("; body?: Json }"),
            Some((_, body)) => _ = write!(out, "; body: {body} }}"),
            None => out.push_str("; body?: undefined }"),
        }
    }
    out.push_str("\n);\n");
    let keyed: Vec<String> =
        { ops.iter() }.filter(|op| op.key != Field::Refused).map(|op| format!("\"{}\"", op.name)).collect();
    let list = name.replace("Command", "").to_uppercase();
    let docs = "The ops that take a `key`.";
    let _ = write!(
        out,
        "\n/** {docs} */\nexport const {list}_KEYED: readonly string[] = [{}];\n",
        keyed.join(", ")
    );
}
