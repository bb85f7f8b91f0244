//! The players of one `PlayerObject`: an object for each would cost a database of its own, before anything is stored.
//!
//! Each player has a machine of its own, which is loaded at its first event and unloaded when many are. An unloaded one
//! is the same as an evicted one: its rows and its sockets restore it.

use crate::clock::now;
use crate::error::Result;
use crate::objects::player_store;
use crate::objects::runtime::Runtime;
use crate::objects::store::set_alarm;
use crate::telemetry::log;
use crate::telemetry::meter::{Awake, Class};
use shared::id::PlayerId;
use shared::limits;
use shared::player::Player;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::wasm_bindgen::JsValue;
use worker::{Env, State, WebSocket};

/// The players that are loaded, and the platform's handles that they share.
pub struct PlayerShard {
    state: Rc<State>,
    env: Env,
    /// The measure of the object's waits, for all of its players.
    pub awake: Rc<Awake>,
    has_tables: Cell<bool>,
    loaded: RefCell<BTreeMap<PlayerId, Rc<Runtime<Player>>>>,
    /// The number of loaded players at which idle ones are unloaded.
    unload_at: Cell<usize>,
}

impl PlayerShard {
    /// Creates the shard without reading storage: construction must be cheap.
    pub fn new(state: State, env: Env) -> Rc<Self> {
        Rc::new(Self {
            state: Rc::new(state),
            env,
            awake: Awake::new(Class::Player),
            has_tables: Cell::new(false),
            loaded: RefCell::default(),
            unload_at: Cell::new(limits::PLAYERS_LOADED_MAX),
        })
    }

    /// Returns the runtime of a player.
    pub fn player(&self, id: &PlayerId) -> Result<Rc<Runtime<Player>>> {
        if let Some(runtime) = self.loaded.borrow().get(id) {
            return Ok(Rc::clone(runtime));
        }
        if !self.has_tables.get() {
            player_store::create_tables(&self.state.storage())?;
            self.has_tables.set(true);
        }
        self.unload_idle();
        let runtime = Runtime::sharing(&self.state, &self.env, &self.awake, id.as_str());
        self.loaded.borrow_mut().insert(id.clone(), Rc::clone(&runtime));
        Ok(runtime)
    }

    /// Unloads the players without a socket and without a call under way, once there are many.
    fn unload_idle(&self) {
        let mut loaded = self.loaded.borrow_mut();
        if loaded.len() < self.unload_at.get() {
            return;
        }
        loaded.retain(|_, runtime| Rc::strong_count(runtime) > 1 || !runtime.sockets.borrow().is_empty());
        // Twice as many as remain, so that a visit costs the same however many are connected.
        self.unload_at.set(limits::PLAYERS_LOADED_MAX.max(loaded.len() * 2));
    }

    /// Handles a frame of a me socket.
    pub fn on_message(&self, socket: &WebSocket, message: &JsValue) {
        if let Some(runtime) = self.owner(socket) {
            runtime.on_message(socket, message);
        }
    }

    /// Handles the close of a me socket.
    pub fn on_close(&self, socket: &WebSocket) {
        if let Some(runtime) = self.owner(socket) {
            runtime.on_close(socket);
        }
    }

    /// Wakes the players whose alarm is due.
    pub fn ring(&self) {
        if let Err(error) = self.wake_due() {
            log::error!("the alarms of a share of the players failed: {error:?}");
        }
    }

    fn wake_due(&self) -> Result<()> {
        let storage = self.state.storage();
        for (player, at) in player_store::due_players(&storage, now())? {
            self.player(&player)?.ring();
            // Afterwards: should the event fail, the platform repeats the alarm.
            player_store::clear_alarm(&storage, &player, at)?;
        }
        set_alarm(&storage, Class::Player, player_store::next_alarm(&storage)?)
    }

    /// Returns the runtime of the player that a socket belongs to.
    fn owner(&self, socket: &WebSocket) -> Option<Rc<Runtime<Player>>> {
        let tags = self.state.get_tags(socket);
        let player = tags.iter().find_map(|tag| tag.parse().ok())?;
        match self.player(&player) {
            Ok(runtime) => Some(runtime),
            Err(error) => {
                log::error!("the player of a socket cannot be loaded: {error:?}");
                None
            }
        }
    }
}
