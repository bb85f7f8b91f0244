// The types of the HTTP interfaces, written by `cargo xtask wire` from the OpenAPI documents. Do not edit.

import type { EndReason, Json, PlayerPresence, ReportReason } from "./wire.ts";

/** A profile. `private` and `account` are present for its owner only. */
export type Profile = {
  /** Fields that only the owner sees and the service writes. */
  account?: ProfileAccount | null;
  attrs: Record<string, Json>;
  bio: string;
  created: string;
  name: string;
  pictures: ProfilePicture[];
  player: string;
  /** Fields that only the owner sees and writes. */
  private?: Record<string, Json> | null;
  /** The version, which grows with each change. */
  version: number;
};

/** A picture of a profile. */
export type ProfilePicture = {
  picture: string;
  /** The addresses of the picture by the length of the longest side in pixels. */
  urls: Record<string, string>;
};

/** The account data of the profile's owner. */
export type ProfileAccount = {
  banned_until?: string | null;
  tier?: string | null;
  updated: string;
};

/** A merge patch of the caller's profile (RFC 7396): absent fields stay, and `null` removes a field. */
export type ProfileUpdate = {
  attrs?: Record<string, number | boolean | null | string | string[]> | null;
  bio?: string | null;
  name?: string;
  pictures?: string[];
  private?: Record<string, Json> | null;
};

/** The profiles that exist, in the order of the request. */
export type ProfileList = {
  profiles: Profile[];
};

/** A picture, as its owner sees it. */
export type Picture = {
  created: string;
  picture: string;
  /** The reason for `refused`. */
  reason?: string | null;
  /** `waiting`, `ready` or `refused`. */
  state: string;
  urls?: Record<string, string> | null;
};

/** The pictures of the caller. */
export type PictureList = {
  pictures: Picture[];
};

/** A picture that waits for its upload. */
export type ExpectedPicture = {
  picture: string;
  upload: Upload;
};

/** The request that uploads the file; method, address and headers must match exactly. */
export type Upload = {
  expires: string;
  headers: Record<string, string>;
  method: string;
  url: string;
};

/** A player that the caller blocks. */
export type Block = {
  player: string;
  since: string;
};

/** A page of the players that the caller blocks. */
export type BlockList = {
  blocks: Block[];
  /** The cursor of the next page; `null` on the last page. */
  cursor?: string | null;
};

/** A player that the caller follows. */
export type Follow = {
  /** True if the player follows the caller back. */
  mutual: boolean;
  player: string;
  since: string;
};

/** A page of the players that the caller follows. */
export type FollowList = {
  /** The cursor of the next page; `null` on the last page. */
  cursor?: string | null;
  follows: Follow[];
};

/** The body of `POST /v1/reports`. */
export type NewReport = {
  player: string;
  reason: ReportReason;
  room?: string | null;
  text?: string;
};

/** The confirmation that a report is stored. */
export type ReportReceipt = {
  report: string;
  state: string;
};

/** A ban. Moderators see who decided; the banned player does not. */
export type Ban = {
  /** True if the ban is in force now. */
  active: boolean;
  appeal?: Appeal | null;
  ban: string;
  by?: string | null;
  decided: string;
  /** The time at which the ban was lifted or replaced. */
  ended?: string | null;
  ended_by?: string | null;
  player: string;
  reason: string;
  /** The end of the ban; `null` for a permanent one. */
  until?: string | null;
};

/** The appeal of a banned player. */
export type Appeal = {
  at: string;
  text: string;
};

/** The presence settings of a player: the body and the response of `PUT /v1/presence/me`. */
export type PresenceSettings = {
  /** True if the player appears offline to all other players. */
  hidden: boolean;
};

/** A match, as its participants see it: without the replay, which reveals what players hid. */
export type PastMatch = {
  by?: string | null;
  duration_ms: number;
  ended: string;
  match: string;
  /** The name and version of the match's mode, such as `connect-four@1`; absent for a match without one. */
  mode?: string | null;
  /** The outcome that the mode decided, by seat in the order of `players`; absent for a match without one. */
  outcome?: ModeOutcome | null;
  players: Participant[];
  pool?: string | null;
  /** The player's rating before and after the match, and the number of rated matches; absent for unrated matches. */
  rating?: Json | null;
  reason: EndReason;
  result: Json;
  started: string;
};

/** A player who had a seat. */
export type Participant = {
  /** True if the player ever joined. */
  came: boolean;
  /** True if the player has been erased since; the name is empty then. */
  gone?: boolean;
  /** The display name at the time of the match. */
  name: string;
  player: string;
};

/** The result of a match. */
export type ModeOutcome = {
  /** True if all seats share the first rank. */
  draw: boolean;
  /** The rank of each seat, in the order of seats; 1 is first. Equal ranks are ties, and the ranks after a tie are skipped: 1, 1, 3. */
  ranks: number[];
  /** The mode's own `snake_case` word for how the match ended. */
  why: string;
};

/** A page of a player's match history. */
export type MatchList = {
  /** The cursor of the next page; `null` on the last page. */
  cursor?: string | null;
  matches: PastMatch[];
};

/** The ratings of a player; pools without a rated match are absent. */
export type RatingList = {
  player: string;
  ratings: PoolRating[];
};

/** The public rating of a player in one pool. */
export type PoolRating = {
  /** The deviation at the time of the request; it grows while the player does not play. */
  deviation: number;
  /** The end of the last rated match. */
  last: string;
  /** The number of rated matches. */
  matches: number;
  pool: string;
  rating: number;
  volatility: number;
};

/** The best players of a pool. */
export type Leaderboard = {
  as_of: string;
  /** A match that was stored longer than this before `as_of` is counted. */
  max_staleness_ms: number;
  /** The entries, best first. */
  places: LeaderboardEntry[];
  pool: string;
};

/** An entry of a leaderboard. */
export type LeaderboardEntry = {
  /** The end of the last rated match. */
  last: string;
  name: string;
  player: string;
  /** The rank; equal scores share one. */
  rank?: number | null;
  /** The rating minus two deviations, after the last match. */
  score: number;
};

/** The caller's position on a leaderboard. */
export type LeaderboardPosition = {
  /** The entries just above the caller, best first. */
  above: LeaderboardEntry[];
  as_of: string;
  /** The entries just below the caller, best first. */
  below: LeaderboardEntry[];
  /** The last rank that is counted; present if the caller is below it and has no rank. */
  beyond?: number | null;
  /** A match that was stored longer than this before `as_of` is counted; the caller's own matches always are. */
  max_staleness_ms: number;
  me: LeaderboardEntry;
  pool: string;
};

/** The sessions of a player. */
export type LoginList = {
  sessions: Login[];
};

/** A session, as its owner sees it. */
export type Login = {
  agent: string;
  created: string;
  /** True for the session that makes the request. */
  current: boolean;
  expires: string;
  label: string;
  sid: string;
  /** The time of the last refresh. */
  used: string;
};

/** A page of the data that the region stores about the caller. */
export type Export = {
  /** The cursor of the next page; `null` on the last page. */
  cursor?: string | null;
  /** The stored items, each with its `kind`; times are milliseconds since 1970. */
  items: Json[];
  player: string;
};

/** The result of a deletion request. */
export type DeletedAccount = {
  /** Always true: the profile is invisible and all sessions have ended. The remaining data is erased within moments. */
  erased: boolean;
  player: string;
};

/** The problems of the region. */
export type RegionProblemCode = "bad_json" | "bad_body" | "bad_query" | "bad_id" | "bad_text" | "bad_attribute" | "too_many" | "bad_cursor" | "bad_if_match" | "no_identity_provider" | "guests_off" | "token_missing" | "token_invalid" | "token_expired" | "refresh_invalid" | "refresh_reused" | "session_expired" | "session_revoked" | "banned" | "id_token_invalid" | "id_token_expired" | "id_token_issuer" | "id_token_audience" | "id_token_nonce" | "provider_unavailable" | "too_many_failures" | "bad_key" | "key_reused" | "in_progress" | "report_not_found" | "report_differs" | "report_resolved" | "too_fast" | "not_moderator" | "scope_missing" | "full" | "not_banned" | "already_appealed" | "session_not_found" | "unsigned" | "signature_invalid" | "signature_stale" | "signature_used" | "not_found" | "pictures_off" | "picture_not_found" | "pool_unrated" | "unrated" | "player_not_found" | "method_not_allowed" | "message_not_found" | "match_not_found" | "match_differs" | "version_changed" | "version_required" | "too_large" | "unsupported_media_type" | "unavailable" | "internal";

/** The response to `GET /v1/config`: what a page needs to start. */
export type Config = {
  /** The names of the pools that are invalid. They are not among `pools`, and their sockets close with 4012. */
  misconfigured?: string[];
  /** The names of the pools. */
  pools: string[];
  /** The region's address. */
  region: string;
  /** The properties of each pool that a page needs before it enters. */
  rules: Record<string, PoolRules>;
};

/** The properties of a pool that a page needs. */
export type PoolRules = {
  /** The name and version of the mode that plays in its rooms; null, they have no rules of a game. */
  mode: string | null;
  /** Objects that share the queue. */
  parts: number;
  /** Players per party at most. */
  party: number;
  /** Seconds in which each player must accept a proposal; null, matches start without one. */
  propose_s: number | null;
  /** Players per match. */
  seats: number;
  /** Number of teams; null, every player plays alone. */
  teams: number | null;
};

/** The body of `POST /v1/rooms`; fields that are left out have their defaults. */
export type NewRoom = {
  /** The name and version of the mode that plays in the room, such as `connect-four@1`; none, it has no rules of a game. */
  mode?: string | null;
  /** The mode's configuration; null for its defaults. */
  mode_config?: Record<string, Json> | null;
  /** The player who may remove others and end the room; only with a service key. */
  owner?: string | null;
  /** The players of the first seats; only with a service key. */
  players?: NamedSeat[];
  /** The room's rules. */
  rules?: RoomRules;
  /** Number of seats. */
  seats?: number;
};

/** The rules of a room. A rule that is left out has its default. */
export type RoomRules = {
  /** The longest lifetime of the room, in seconds. */
  age_s?: number;
  /** The policy for a member at the device limit who opens another connection. */
  devices?: DevicePolicy;
  /** The players who may end the room. */
  end?: EndRule;
  /** The time for which a seat is kept after its socket was lost, in seconds. */
  grace_s?: number;
  /** The time for which the room answers after its end, in seconds. */
  linger_s?: number;
  /** The time for which the room waits for a player who has not arrived, in seconds. */
  no_show_s?: number;
  /** True if spectators are allowed. */
  spectators?: boolean;
};

/** The players who may end a room. */
export type EndRule = "anyone" | "owner" | "nobody" | "agreed";

/** The policy for a player at the device limit who opens another connection. With each policy the new connection opens only after the old one has closed: the limit is never exceeded. */
export type DevicePolicy = "reject_new" | "kick_oldest" | "take_over";

/** A seat for one player. */
export type NamedSeat = {
  /** The display name; empty, the room asks the region for it. */
  name?: string;
  player: string;
  /** The team, from 0. */
  team?: number | null;
};

/** The response to `POST /v1/rooms`: a player who knows the room's name may take a free seat. */
export type CreatedRoom = {
  room: string;
};

/** The public summary of a room, without its messages and its board. */
export type RoomSummary = {
  /** The latest position of the room's log. */
  at: number;
  members: {
    name: string;
    player: string;
    state: "expected" | "here" | "away" | "left";
    team?: number;
  }[];
  phase: "open" | "over";
  pool: string | null;
  room: string;
};

/** The response to `GET /v1/presence?players=a,b`. */
export type PresenceList = {
  /** Longest time for which a device that was lost silently may still be shown as connected. */
  max_staleness_ms: number;
  /** The presence of each player, in the order of the request. */
  players: PlayerPresence[];
};

/** The problems of the edge. */
export type EdgeProblemCode = "bad_field" | "bad_id" | "bad_json" | "bad_query" | "bad_signature" | "banned" | "cooldown" | "full" | "in_match" | "internal" | "lobby_full" | "method_not_allowed" | "no_ticket" | "not_connected" | "not_found" | "not_leader" | "player_not_found" | "scope_missing" | "session_revoked" | "token_expired" | "token_invalid" | "too_fast" | "too_long" | "too_many" | "too_many_rooms" | "too_slow" | "unavailable" | "upgrade_required";

/** The stable name of a problem. Names are never reused. */
export type ProblemCode = RegionProblemCode | EdgeProblemCode;

/** A fault of a request. */
export type ProblemDetail = {
  code: ProblemCode | "unknown" | (string & {});
  /** The fault, the limit and the remedy, for people. */
  detail: string;
  /** The field, parameter or header at fault. */
  field?: string;
  /** The limit that the request exceeds. */
  limit?: number;
};
