//! The rules of Matchpoint: who waits, who meets whom, and what is said in a room. Pure: no clock, no chance, no
//! socket, no disk. Everything that lives here takes what has happened, and answers with what is to be done.
//!
//! A room, from its beginning to somebody's first word:
//!
//! ```
//! use shared::room::seat::Seat;
//! use shared::room::{Effect, Input, Role, Room, Rules, Setup, Who};
//! use shared::time::Time;
//!
//! let ana: shared::id::PlayerId = "p_ana".parse()?;
//! let setup = Setup {
//!     id: "m_1".parse()?,
//!     pool: None,
//!     owner: None,
//!     seats: vec![Seat::of(ana.clone(), "Ana".into()), Seat::free()],
//!     rules: Rules::default(),
//! };
//! let now = Time::from_ms(1_733_000_000_000);
//! let (mut room, effects) = Room::create(now, setup, false);
//! assert!(matches!(effects.as_slice(), [Effect::Save(_)]));
//!
//! // The shell has verified a token and asks whether its owner may come in.
//! let who = Who { player: ana, sid: "s_1".parse()?, ep: 0, exp: Time::from_ms(1_733_000_600_000) };
//! let role = room.admit(&who, false).map_err(|close| close.why())?;
//! assert_eq!(role, Role::Member);
//!
//! // It accepts the socket and says so; the first thing it has to send is the welcome.
//! let conn = room.next_conn();
//! let effects = room.handle(now, Input::Opened { conn, who, role, resume: None });
//! let welcome = effects.iter().find_map(|effect| match effect {
//!     Effect::Send { text, .. } => Some(text),
//!     _ => None,
//! });
//! assert!(welcome.is_some_and(|text| text.starts_with(r#"{"ev":"welcome","epoch":"e1""#)));
//!
//! // A frame comes. What is said is told to everybody, and answered.
//! let effects = room.handle(now, Input::Said { conn, text: r#"{"id":1,"op":"say","body":"hello"}"# });
//! let told = effects.iter().any(|effect| matches!(effect, Effect::Tell { text, .. } if text.contains("hello")));
//! assert!(told);
//! assert!(effects.contains(&Effect::Send { conn, text: r#"{"id":1,"ok":{"at":2}}"#.into() }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Three rules hold for everything that lives here. What leaves an object is repeated until it is confirmed
//! ([`call`]). The alarm moves only together with a save. While work remains, an alarm is set.

pub mod breaker;
pub mod cache;
pub mod call;
pub mod caps;
pub mod coming;
pub mod flight;
pub mod http;
pub mod id;
pub mod internal;
pub mod limit;
pub mod lobby;
pub mod metrics;
pub mod mix;
pub mod notice;
pub mod outbox;
pub mod player;
pub mod pool;
pub mod presence;
pub mod protocol;
pub mod rating;
pub mod record;
pub mod retry;
pub mod room;
pub mod sign;
pub mod socket;
pub mod time;
pub mod token;
