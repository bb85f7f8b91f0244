// The types of the wire, written by `cargo xtask wire` from shared/src/wire. Do not edit.

/** The subprotocol, which the server echoes alone. */
export const PROTOCOL = "matchpoint.v1";

/** Any JSON value. The body of a `say` or a `signal` is the product's own. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The part that all events share. An event with `at` is in the log of its room. */
export type Envelope = { at?: number; by?: string; ts?: number };

/** The fields that a command may have beside those of its op. */
export type WithId = { id?: number };

/** The stable name of a reason. Names are never reused. */
export type RefusalCode = "bad_json" | "binary" | "too_deep" | "too_long" | "bad_message" | "unknown_op" | "bad_field" | "too_fast" | "forbidden" | "not_found" | "conflict" | "board_full" | "room_over" | "in_match" | "no_ticket" | "lobby_full" | "banned" | "bad_token" | "unavailable" | "cooldown" | "no_party" | "party_full" | "not_leader" | "illegal" | "not_your_turn" | "too_late";

/** An error reply: `{"code","retry","after_ms"?,"field"?,"message"?}`. */
export type Refusal = {
  code: RefusalCode;
  /** True if the same command, unchanged, may succeed later: after `after_ms`, which is then there. */
  retry: boolean;
  /** The least delay before the command is repeated. */
  after_ms?: number;
  /** The invalid field of the message. */
  field?: string;
  /** The limit and the remedy, for people. */
  message?: string;
  /** With `illegal`, `not_your_turn` and `too_late`: the mode's own word for the rule. */
  why?: string;
  /** With `conflict`: the position of the newer write, or of the newer move. */
  at?: number;
  /** With `in_match`: the room of the match. */
  room?: string;
};

/** How often a client must show that it is alive. */
export type Heartbeat = {
  /** The interval of pings. */
  every_ms: number;
  /** The delay after which a missing answer counts as a lost connection. */
  grace_ms: number;
};

/** The limits that a client must keep to. */
export type Limits = {
  /** The largest frame. */
  frame_bytes: number;
  /** Messages a second. */
  per_s: number;
  /** Messages at once after a pause. */
  burst: number;
  /** Messages in one frame. */
  batch: number;
};

/** The fields of the welcome that every object sends; `M` are the fields that one object adds. */
export type WelcomeFields = {
  /** The epoch of the log that positions belong to. */
  epoch: string;
  /** The newest position of the log. */
  at: number;
  /** True if everything after the requested position follows. */
  recovered: boolean;
  /** The number of events that follow from before the welcome. */
  replayed: number;
  /** Everything up to this position is on disk. */
  durable: number;
  /** The player of the token. */
  you: string;
  /** The server's clock. */
  now: number;
  heartbeat: Heartbeat;
  limits: Limits;
};

/** The body of `auth`, which every object has. */
export type AuthBody = { token: string };

/** The state of a seat as others see it. */
export type MemberState = "expected" | "here" | "away" | "left";

/** A player with a seat. */
export type Member = {
  name: string;
  player: string;
  state: MemberState;
  /** The team, from 0; none where members play alone. */
  team?: number;
};

/** A value of the board. */
export type Cell = {
  /** The position that wrote it. */
  at: number;
  v: Json;
};

/** The phase of a room. */
export type PhaseName = "open" | "over";

/** A room as it is at position `at`. */
export type Snapshot = {
  at: number;
  board: { [key in string]: Cell };
  /** The retained events, the newest last; it is the one at `at`. */
  events: Array<Event>;
  members: Array<Member>;
  /** The state of the match as the recipient may see it; none before the match starts, and in a room without a mode. */
  state?: Json;
  /** The players in the order of their seats in the match; none where there is no state. */
  seats?: Array<string>;
};

/** The room's own fields of the welcome. */
export type RoomWelcome = {
  members: Array<Member>;
  phase: PhaseName;
  /** The name and version of the room's mode; none where it has none. */
  mode?: string;
  /** The whole room; none where the events since the requested position follow. */
  snapshot?: Snapshot;
};

/** The reason of a report about a player. */
export type ReportReason = "harassment" | "hate" | "sexual" | "underage" | "spam" | "cheating" | "profile" | "other";

/** The reason why a room ended. */
export type EndReason = "ended" | "abandoned" | "no_show" | "time_up" | "mode" | "agreed" | "disputed" | "mode_gone";

/** The body of `set`. */
export type SetBody = {
  /** The keys with their new values; null removes a key. */
  keys: { [key: string]: Json };
  /** Writes only if none of the keys was written after this position. */
  if_at?: number;
};

/** The body of `report`. */
export type ReportBody = {
  reason: ReportReason;
  /** The description in the reporter's words; may be empty. */
  text?: string;
};

/** The body of `seen`. */
export type SeenBody = { at: number };

/** The body of `joined` and `back`. */
export type MemberName = { name: string };

/** The reason for which a seat was vacated. */
export type LeftReason = "left" | "stayed_away" | "kicked" | "banned";

/** The body of `left`. */
export type Left = { reason: LeftReason };

/** The body of the event `set`. */
export type SetEvent = { keys: { [key: string]: Json } };

/** The result of a match. */
export type Outcome = {
  /** The rank of each seat, in the order of seats; 1 is first. Equal ranks are ties, and the ranks after a tie are skipped: 1, 1, 3. */
  ranks: Array<number>;
  /** True if all seats share the first rank. */
  draw: boolean;
  /** The mode's own `snake_case` word for how the match ended. */
  why: string;
};

/** The body of `ended`. */
export type Ended = {
  /** The player who ended the room; null where it ended by itself. */
  by: string | null;
  reason: EndReason;
  /** The result that this player gave, or that all members stated; with `disputed`, what each of them stated. */
  result: Json;
  /** The outcome that the room's mode decided. */
  outcome?: Outcome;
};

/** The body of `end_proposed`. */
export type EndProposal = {
  /** The result as the member stated it. */
  result: Json;
  /** The time by which all others must have stated theirs. */
  until: number;
};

/** The body of `started`. */
export type Started = {
  /** The name and version of the mode, such as `connect-four@1`. */
  mode: string;
  /** The players in the order of their seats: the first has seat 0. */
  seats: Array<string>;
};

/** The result of an executed command. */
export type RoomReply = { at: number } | { report: string } | Record<symbol, never>;

/** An event of a room. */
export type RoomEvent = Envelope & (
  | { ev: "joined"; body: MemberName; to?: undefined }
  | { ev: "away"; body?: undefined; to?: undefined }
  | { ev: "back"; body: MemberName; to?: undefined }
  | { ev: "left"; body: Left; to?: undefined }
  | { ev: "said"; body: Json; to?: undefined }
  | { ev: "set"; body: SetEvent; to?: undefined }
  | { ev: "signal"; body: Json; to?: undefined }
  | { ev: "skip"; body?: undefined; to?: undefined }
  | { ev: "started"; body: Started; state: Json; to?: undefined }
  | { ev: "moved"; body?: Json; private?: Json; state?: Json; to?: undefined }
  | { ev: "end_proposed"; body: EndProposal; to?: undefined }
  | { ev: "ended"; body: Ended; to?: undefined }
  | { ev: "hint"; body: Json; to?: undefined }
  | { ev: "durable"; to: number; body?: undefined }
  | { ev: "resync"; body?: undefined; to?: undefined }
);

/** A command to a room. */
export type RoomCommand = WithId & (
  | { op: "say"; to?: undefined; key?: string; ack?: "durable"; if_at?: undefined; body?: Json }
  | { op: "set"; to?: undefined; key?: string; ack?: "durable"; if_at?: undefined; body: SetBody }
  | { op: "hint"; to?: string; key?: undefined; ack?: undefined; if_at?: undefined; body?: Json }
  | { op: "signal"; to: string; key?: string; ack?: "durable"; if_at?: undefined; body?: Json }
  | { op: "move"; to?: undefined; key?: string; ack?: "durable"; if_at?: number; body?: Json }
  | { op: "leave"; to?: undefined; key?: string; ack?: "durable"; if_at?: undefined; body?: undefined }
  | { op: "end"; to?: undefined; key?: string; ack?: "durable"; if_at?: undefined; body?: Json }
  | { op: "kick"; to: string; key?: string; ack?: "durable"; if_at?: undefined; body?: undefined }
  | { op: "report"; to: string; key: string; ack?: "durable"; if_at?: undefined; body: ReportBody }
  | { op: "seen"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: SeenBody }
  | { op: "auth"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: AuthBody }
);

/** The ops that take a `key`. */
export const ROOM_KEYED: readonly string[] = ["say", "set", "signal", "move", "leave", "end", "kick", "report"];

/** The relaxation of a want. */
export type Relax = {
  /** The wait after which the want relaxes, seconds. */
  after_s: number;
  /** The new distance of `within`; without it the want is dropped. */
  to?: number;
};

/** A requirement on the other player. */
export type Want = {
  /** The name of the attribute of the other player. */
  attr: string;
  /** The attribute equals this value. */
  is?: Json;
  /** The attribute equals one of these values. */
  any_of?: Array<Json>;
  /** The attribute is a number from the first to the second of these, inclusive. */
  between?: [number, number];
  /** The attribute is a list that shares an item with the player's own list. */
  shares?: boolean;
  /** The attribute is a number at most this far from the player's own number. */
  within?: number;
  /** The relaxation; without it the want never relaxes. */
  relax?: Relax;
};

/** The body of `enter` and `party`. */
export type EnterBody = {
  /** The player's attributes: numbers, booleans, strings, or lists of strings. */
  attrs?: { [attr: string]: Json };
  wants?: Array<Want>;
};

/** The body of `join`. */
export type JoinBody = {
  /** The code of the party. */
  party: string;
  attrs?: { [attr: string]: Json };
  wants?: Array<Want>;
};

/** The body of `put_out`. */
export type PutOutBody = { player: string };

/** A ticket in the queue. */
export type Ticket = {
  key: string | null;
  since: number;
  ticket: string;
  /** All members of the party; none for a player alone. */
  with?: Array<string>;
};

/** The state of the queue. */
export type QueueState = {
  /** The median of recent waits. */
  estimate_ms: number | null;
  /** The 90th percentile of recent waits. */
  estimate_p90_ms: number | null;
  /** The waiting players with the same attributes and wants; none for a player without a ticket. */
  like_you?: number;
  /** The waiting players. */
  waiting: number;
};

/** The lobby's own fields of the welcome. */
export type LobbyWelcome = {
  estimate_ms: number | null;
  estimate_p90_ms: number | null;
  like_you?: number;
  pool: string;
  waiting: number;
};

/** A member of a party. */
export type PartyMember = { name: string; player: string };

/** A party: players who are matched together. */
export type Party = {
  /** Null in a party that all members have left. */
  leader: string | null;
  members: Array<PartyMember>;
  /** The largest number of members. */
  most: number;
  /** The code by which others join. */
  party: string;
};

/** The body of the event `party`. */
export type PartyChange = Party | { party: null };

/** The body of `proposed`. */
export type Proposed = {
  /** True if the player has accepted. */
  accepted: boolean;
  match: string;
  /** The players of each team, where there are teams. */
  teams?: Array<Array<string>>;
  /** The end of the time to answer. */
  until: number;
  /** The other players. */
  with: Array<string>;
};

/** The body of `matched`. */
export type Matched = {
  match: string;
  room: string;
  /** The players of each team, where there are teams. */
  teams?: Array<Array<string>>;
  /** The other players. */
  with: Array<string>;
};

/** The body of `returned`. */
export type Returned = {
  /** The reason for which the match was canceled. */
  reason: string;
  since: number;
  ticket: string;
};

/** The body of `expired`. */
export type Expired = {
  /** The time after which the player may enter again. */
  after_ms?: number;
  reason: string;
  /** The match that the player is in. */
  room?: string;
  ticket: string;
};

/** The tickets that a rule excludes. */
export type RuleCount = { removes: number; rule: string };

/** The explanation of a wait. */
export type Why = {
  /** The rule that excludes the most other tickets. */
  blocks: string | null;
  /** The median of recent waits. */
  estimate_ms: number | null;
  /** The 90th percentile of recent waits. */
  estimate_p90_ms: number | null;
  /** In a sharded queue: true if the ticket is matched across all shards by now. */
  everywhere?: boolean;
  /** The tickets that fit once wants have relaxed. */
  fit_later: number;
  fit_now: number;
  /** The time until the next ticket fits. */
  next_in_ms: number | null;
  /** The rule that relaxes next. */
  next_rule: string | null;
  rules: Array<RuleCount>;
  /** In matches of more than two: the seats that no waiting ticket fills now. */
  seats_missing?: number;
  /** The time until a match may start before its seats are full, with the players who fit now. */
  starts_in_ms?: number;
  /** The other tickets that can be matched. */
  waiting: number;
};

/** The result of an executed command. */
export type LobbyReply = Ticket | Party | Why | { match: string } | Record<symbol, never>;

/** An event of a lobby. */
export type LobbyEvent = Envelope & (
  | { ev: "queued"; body: Ticket; to?: undefined }
  | { ev: "lobby"; body: QueueState; to?: undefined }
  | { ev: "party"; body: PartyChange; to?: undefined }
  | { ev: "proposed"; body: Proposed; to?: undefined }
  | { ev: "matched"; body: Matched; to?: undefined }
  | { ev: "returned"; body: Returned; to?: undefined }
  | { ev: "expired"; body: Expired; to?: undefined }
);

/** A command to a lobby. */
export type LobbyCommand = WithId & (
  | { op: "enter"; to?: undefined; key?: string; ack?: "durable"; if_at?: undefined; body: EnterBody }
  | { op: "leave"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body?: undefined }
  | { op: "accept"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body?: undefined }
  | { op: "decline"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body?: undefined }
  | { op: "why"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body?: undefined }
  | { op: "party"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: EnterBody }
  | { op: "join"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: JoinBody }
  | { op: "put_out"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: PutOutBody }
  | { op: "auth"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: AuthBody }
);

/** The ops that take a `key`. */
export const LOBBY_KEYED: readonly string[] = ["enter"];

/** The presence state of a player. */
export type PresenceState = "online" | "away" | "reconnecting" | "offline";

/** The presence of one player. */
export type PlayerPresence = {
  player: string;
  state: PresenceState;
  /** When that was true. Of two states the later one counts, whichever arrived first. */
  as_of: number;
};

/** The body of `active`. */
export type ActiveBody = { active: boolean };

/** The body of `read`. */
export type ReadBody = { ids: Array<string> };

/** One connection of a player. */
export type Device = {
  /** On a me socket: true while the player uses the device. */
  active?: boolean;
  /** The object of the connection: `me`, `room:m_…` or `lobby:…`. */
  at: string;
  sid: string | null;
  since: number;
  /** On a me socket: true for the socket that asked. */
  this?: boolean;
};

/** Every connection of a player: the result of `devices`, and the field of the welcome. */
export type Devices = { devices: Array<Device> };

/** A notice to one player. */
export type PlayerNotice = {
  id: string;
  /** When it was sent. */
  ts: number;
  /** The service or operator that sent it. */
  by: string;
  /** When it expires, read or not. */
  until: number;
  body: Json;
};

/** The body of `notice`. */
export type Notice = { "kind": "signed_out" } | { "kind": "banned"; until: number } | { "kind": "session_ended"; sid: string } | { "kind": "message" } & PlayerNotice | { "kind": "read"; ids: Array<string> };

/** The result of an executed command. */
export type MeReply = Devices | Record<symbol, never>;

/** An event of a me socket. */
export type MeEvent = Envelope & (
  | { ev: "presence"; body: PlayerPresence; to?: undefined }
  | { ev: "notice"; body: Notice; to?: undefined }
);

/** A command on a me socket. */
export type MeCommand = WithId & (
  | { op: "devices"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body?: undefined }
  | { op: "active"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: ActiveBody }
  | { op: "read"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: ReadBody }
  | { op: "auth"; to?: undefined; key?: undefined; ack?: undefined; if_at?: undefined; body: AuthBody }
);

/** The ops that take a `key`. */
export const ME_KEYED: readonly string[] = [];

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
