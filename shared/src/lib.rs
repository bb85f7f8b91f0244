//! The rules of Matchpoint: rooms, lobbies and player objects as pure state machines, and the wire that they speak.
//! Nothing here has a clock, randomness, a socket or a disk: a machine takes inputs, and returns effects.
//!
//! A room, from its creation to the first message of a member:
//!
//! ```
//! use shared::connection::ConnectionInput;
//! use shared::room::seats::Seat;
//! use shared::room::{Effect, Identity, Input, Role, Room, Rules, Setup, Switches};
//! use shared::time::Time;
//! use shared::wire::room::RoomMessage;
//!
//! let ana: shared::id::PlayerId = "p_ana".parse()?;
//! let setup = Setup {
//!     id: "m_1".parse()?,
//!     pool: None,
//!     owner: None,
//!     seats: vec![Seat::of(ana.clone(), "Ana".into()), Seat::free()],
//!     rules: Rules::default(),
//!     mode: None,
//!     trace: None,
//! };
//! let now = Time::from_ms(1_733_000_000_000);
//! let (mut room, effects) = Room::create(now, setup, Switches::default());
//! assert!(matches!(effects.as_slice(), [Effect::Save(_)]));
//!
//! // The shell has verified a token, and asks for the role of its player.
//! let identity = Identity { player: ana, sid: "s_1".parse()?, ep: 0, exp: Time::from_ms(1_733_000_600_000) };
//! let role = room.admit(&identity, false).map_err(|code| code.name())?;
//! assert_eq!(role, Role::Member);
//!
//! // It accepts the socket; the first message on it is the welcome.
//! let conn = room.next_conn();
//! let effects = room.handle(now, Input::Opened { conn, identity, role, resume: None, name: None });
//! let welcome = effects.iter().find_map(|effect| match effect {
//!     Effect::Send { text, .. } => Some(text),
//!     _ => None,
//! });
//! assert!(welcome.is_some_and(|text| text.starts_with(r#"{"ev":"welcome","epoch":"e1""#)));
//!
//! // A frame arrives. All members receive the event, and the sender a reply.
//! let text = r#"{"id":1,"op":"say","body":"hello"}"#;
//! let effects = room.handle(now, ConnectionInput::Text { conn, text }.into());
//! let told = effects.iter().find_map(|effect| match effect {
//!     Effect::Broadcast { text, .. } => RoomMessage::read_frame(text).ok(),
//!     _ => None,
//! });
//! let said = |message: &RoomMessage| matches!(message, RoomMessage::Event(event) if event.at == Some(2));
//! assert!(told.is_some_and(|messages| messages.iter().any(said)));
//! assert!(effects.contains(&Effect::Send { conn, text: r#"{"id":1,"ok":{"at":2}}"#.into() }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Three rules hold for every machine. A call to another object is repeated until it is confirmed
//! ([`delivery::pending_calls`]). The alarm changes only together with a write. While work remains, an alarm is set.

pub mod actor;
pub mod cache;
pub mod client;
pub mod connection;
pub mod cost;
pub mod delivery;
pub mod hash;
pub mod hex;
pub mod http;
pub mod id;
pub mod json;
pub mod limits;
pub mod lobby;
pub mod metrics;
pub mod mode;
pub mod player;
pub mod pool;
pub mod presence;
pub mod queue_gauges;
pub mod rating;
pub mod resilience;
pub mod room;
pub mod rpc;
pub mod service_key;
pub mod sign;
pub mod text;
pub mod time;
pub mod token;
pub mod trace;
pub mod webhook;
pub mod wire;
