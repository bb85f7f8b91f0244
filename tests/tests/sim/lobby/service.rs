//! The operator's backend in the lobby world: it puts tickets into a queue, reads them and cancels them.

use crate::marks::Mark;
use crate::world::World;
use shared::id::PlayerId;
use shared::lobby::{Effect, Input, Lobby, Served};
use shared::pool::Shard;
use shared::rpc::PlayerRequest;
use shared::rpc::queue_service::{
    QueueAction, QueueServiceAnswer, QueueServiceRequest, TicketState, TicketStatus,
};
use shared::time::Time;
use shared::wire::RefusalCode;
use tests::kit::identity::player;

impl World {
    /// Has the backend act for a player in one queue.
    pub fn serve(&mut self, who: usize) {
        let host = self.chance.below(self.hosts.len());
        if self.hosts[host].shard == Shard::Parent {
            return;
        }
        let host = self.shard_of(host, who);
        if self.chance.one_in(8) {
            return self.list_tickets(host);
        }
        let action = match self.chance.below(10) {
            0..6 => QueueAction::Enter {
                player: player(who),
                key: Some(format!("k{}", self.chance.below(3))),
                body: self.people[who].body.clone(),
            },
            6..8 => QueueAction::Ticket { player: player(who) },
            _ => QueueAction::Cancel { player: player(who) },
        };
        self.request(host, who, &action);
    }

    /// Reads all pages of tickets: each ticket on disk is on one of them, the longest wait first.
    fn list_tickets(&mut self, host: usize) {
        let by: PlayerId = "p_service-sim".parse().expect("an id");
        let (mut after, mut listed) = (None, Vec::new());
        loop {
            let (by, action) = (by.clone(), QueueAction::List { after });
            let request = QueueServiceRequest { by, reason: String::new(), trace: None, action };
            let Some(served) = self.ask_lobby(host, |lobby, now| lobby.serve(now, &request)) else {
                return;
            };
            let Served::Answer(QueueServiceAnswer::Tickets(page)) = served else {
                panic!("another answer: {served:?}");
            };
            listed.extend(page.tickets.iter().map(|it| {
                let since = it["status"]["since"].as_u64().expect("a time");
                (since, it["status"]["ticket"].as_str().expect("an id").to_owned())
            }));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let stored = self.hosts[host].tickets().map(|it| (it.since.ms(), it.id.to_string()));
        let mut stored: Vec<(u64, String)> = stored.collect();
        stored.sort_unstable();
        assert_eq!(listed, stored);
        self.marks.extend((!listed.is_empty()).then_some(Mark::ServiceListed));
    }

    /// Sends a request as the Worker and the object do: the lookup, a moved player and the next shard included.
    fn request(&mut self, host: usize, who: usize, action: &QueueAction) {
        let by: PlayerId = "p_service-sim".parse().expect("an id");
        let request = QueueServiceRequest { by, reason: String::new(), trace: None, action: action.clone() };
        let Some(served) = self.ask_lobby(host, |lobby, now| lobby.serve(now, &request)) else {
            return;
        };
        let answer = match served {
            Served::Answer(answer) => answer,
            Served::LookUp(lookup) => {
                let entrant = self.known(host, who);
                let ask =
                    |lobby: &mut Lobby, now| lobby.serve_looked_up(now, lookup, &request, entrant.as_ref());
                let Some(answer) = self.ask_lobby(host, ask) else { return };
                answer
            }
        };
        match answer {
            QueueServiceAnswer::Moved { shard } => {
                let pool = self.hosts[host].name.clone();
                self.ask_player(who, &PlayerRequest::HomeShard { pool: pool.clone(), shard: Some(shard) });
                self.turn(host, &Input::ShardStored { player: player(who), stored: true });
                self.marks.insert(Mark::ServiceMoved);
                let next = self.host_of(&pool, Shard::Child(shard)).expect("a part");
                assert_ne!(next, host, "the player is moved to where they are");
                self.request(next, who, action);
            }
            QueueServiceAnswer::Ticket { created, ticket } => self.note_status(host, who, created, &ticket),
            QueueServiceAnswer::UnknownPlayer | QueueServiceAnswer::Tickets(_) => panic!("another answer"),
            QueueServiceAnswer::Refused(refusal) => {
                use RefusalCode::{
                    Banned, Cooldown, InMatch, NoTicket, NotFound, NotLeader, TooFast, Unavailable,
                };
                match refusal.code {
                    Banned => assert!(self.people[who].banned, "p_{who} is not banned"),
                    NoTicket => {
                        let mut tickets = self.hosts[host].tickets();
                        let has = tickets.any(|ticket| ticket.players().any(|it| *it == player(who)));
                        assert!(!has, "p_{who} has a ticket");
                    }
                    InMatch | Cooldown | NotLeader | NotFound | Unavailable | TooFast => {
                        self.marks.insert(Mark::ServiceRefused);
                    }
                    code => panic!("unexpected refusal of {action:?}: {code:?}"),
                }
            }
        }
    }

    /// Passes a request to the lobby. None if it crashed before the last effect: the backend receives no answer.
    fn ask_lobby<R>(
        &mut self,
        host: usize,
        ask: impl FnOnce(&mut Lobby, Time) -> (R, Vec<Effect>),
    ) -> Option<R> {
        self.wake(host);
        let now = self.time();
        let at = &mut self.hosts[host];
        at.latest = now;
        let (answer, effects) = ask(at.lobby.as_mut().expect("awake"), now);
        self.trace(|| format!("{host} service -> {effects:?}"));
        self.check_removed(host, &effects);
        let lived = self.perform(host, effects);
        if lived {
            self.check_turn(host);
        }
        lived.then_some(answer)
    }

    /// Checks that a told ticket is on disk, and one that ended is not.
    fn note_status(&mut self, host: usize, who: usize, created: bool, status: &TicketStatus) {
        let on_disk = self.hosts[host].tickets().find(|ticket| ticket.id == status.ticket);
        let ended = status.ended.is_some();
        assert_eq!(on_disk.is_none(), ended, "{status:?} and {on_disk:?}");
        assert!(!created || !self.people[who].banned, "p_{who} is banned and queued");
        self.check_since(&status.ticket, status.since);
        if let Some(room) = status.room.as_ref().filter(|_| status.state == TicketState::Matched) {
            self.check_told(host, who, room);
        }
        self.marks.extend(created.then_some(Mark::ServiceEntered));
        self.marks.extend(match status.state {
            TicketState::Waiting if self.hosts[host].wires.values().all(|wire| wire.who != who) => {
                Some(Mark::WaitsAlone)
            }
            TicketState::Matched => Some(Mark::ServiceMatched),
            TicketState::Canceled => Some(Mark::ServiceCanceled),
            TicketState::Waiting
            | TicketState::Paused
            | TicketState::Forming
            | TicketState::Expired
            | TicketState::Left => None,
        });
    }
}
