// The client of Matchpoint: sessions, queues, parties, rooms and moves.

export { Matchpoint } from "./matchpoint.ts";
export type { Options } from "./matchpoint.ts";
export { ConnectionClosed } from "./connection/closed.ts";
export { Connected } from "./connection/connected.ts";
export { Failure } from "./failure.ts";
export type { Sent } from "./connection/outbox.ts";
export type { LogPosition } from "./connection/log_position.ts";
export type { ConnectionState, Stopped } from "./connection/socket.ts";
export type { CallOptions } from "./events/abort.ts";
export type { Off } from "./events/emitter.ts";
export type { Store } from "./events/store.ts";
export type { AttrValue, Attrs, Condition, Criteria, ServiceAttrs, Want } from "./lobby/criteria.ts";
export { Lobby } from "./lobby/lobby.ts";
export type { LobbyEvents, LobbyOptions } from "./lobby/lobby.ts";
export { NotMatched } from "./lobby/queue.ts";
export type { Match, QueueOptions } from "./lobby/queue.ts";
export type { Proposed, QueueState, QueueStats, Queued } from "./lobby/queue_state.ts";
export { HttpProblem } from "./http/http.ts";
export type { HttpRequest, Platform } from "./http/http.ts";
export type { Board, By, Logged, Part, RoomEvent, RoomEvents, RoomTypes } from "./room/events.ts";
export type { Arena, ClockState, ConnectFour, Ending, GoFish, Hand, Mode, RockPaperScissors, SeatIndex, TicTacToe } from "./room/modes.ts";
export type { PredictedFault, Prediction, Predictor } from "./room/predictions.ts";
export { Room } from "./room/room.ts";
export type { Accepted, CommandOptions, RoomOptions } from "./room/room.ts";
export type { PendingMessage, View } from "./room/view.ts";
export type { SessionStore } from "./session/login_store.ts";
export type { GetToken } from "./session/own_tokens.ts";
export { Session } from "./session/session.ts";
export type { SessionPlace } from "./session/login_tokens.ts";
export type { AdoptedTokens, IdToken } from "./session/session.ts";
export { SessionLost } from "./session/tokens.ts";
export { random_key } from "./wire/frames.ts";
export { Refused } from "./wire/refused.ts";
export type {
  Config,
  CreatedRoom,
  DevicePolicy,
  EdgeProblemCode,
  EndRule,
  NamedSeat,
  NewRoom,
  PoolRules,
  ProblemCode,
  ProblemDetail,
  RegionProblemCode,
  RoomRules,
  RoomSummary,
} from "./wire/region.ts";
export type {
  Cell,
  Ended,
  EndProposal,
  EndReason,
  Envelope,
  Json,
  Left,
  LeftReason,
  Member,
  MemberName,
  MemberState,
  Outcome,
  Party,
  PartyMember,
  PhaseName,
  Refusal,
  RefusalCode,
  Relax,
  ReportBody,
  ReportReason,
  RoomEvent as WireRoomEvent,
  RuleCount,
  SetEvent,
  Started,
  Why,
} from "./wire/wire.ts";
