// The texts of the page: times, waits, states and errors in plain English.

import { HttpProblem, Refused, SessionLost, ConnectionClosed } from "@matchpoint/client";
import type { ConnectionState, QueueState, Refusal, Why } from "@matchpoint/client";
import type { PresenceAt } from "@matchpoint/client/presence";

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const precise = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** Formats the time of a message: 9:41. */
export function time(ms: number): string {
  return clock.format(ms);
}

/** Formats a date and time: "Today, 9:41". */
export function date_time(ms: number, now: number = Date.now()): string {
  const today = new Date(now).toDateString() === new Date(ms).toDateString();
  return `${today ? "Today" : day.format(ms)}, ${clock.format(ms)}`;
}

/** Formats an elapsed time: 1:07. */
export function stopwatch(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** Formats the duration of a match. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.round(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

/** Formats an estimated wait, rounded. */
export function estimate(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 55_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.max(1, Math.round(ms / 60_000))} min`;
}

/** Formats a time with seconds: 9:41:07. */
export function time_with_seconds(ms: number): string {
  return precise.format(ms);
}

/** The presence of a followed player. Players who do not follow back are always offline. */
export function presence(state: PresenceAt["state"]): string {
  return { online: "online", away: "away", reconnecting: "reconnecting", offline: "offline" }[state];
}

/** The number of similar players in the queue; empty if it adds nothing to the total. */
export function similar(waiting: number | null, like_you: number | null): string {
  return like_you === null || waiting === null || like_you === waiting ? "" : `${like_you} like you`;
}

const RULES: Record<string, string> = {
  away: "are disconnected for the moment",
  rest: "are answering another proposal",
  blocked: "are blocked",
  met: "have just played with you",
  rating: "have a rating too far from yours",
};

/** Why the player still waits. */
export function wait_explanation({ waiting, fit_now, fit_later, blocks, next_in_ms, everywhere }: Why): string {
  const where = everywhere === false ? " The search will soon include more players." : "";
  if (waiting === 0) return `No one else is waiting.${where}`;
  if (fit_now > 0) return "A suitable player is waiting. You will be matched in a moment.";
  const rule = blocks === null ? "do not fit" : (RULES[blocks] ?? attribute_rule(blocks));
  const next = fit_later > 0 && next_in_ms !== null ? ` The next one fits in ${estimate(next_in_ms)}.` : "";
  return `Of ${waiting} ${waiting === 1 ? "other player" : "other players"}, most ${rule}.${next}${where}`;
}

/** The rules `you want lang`, `they want lang`, `the pool wants lang`. */
function attribute_rule(rule: string): string {
  const [, who, attr] = /^(you|they|the pool) wants? (.+)$/.exec(rule) ?? [];
  if (who === undefined) return "do not fit";
  return who === "they" ? `want another ${attr} than yours` : `have another ${attr} than ${who === "you" ? "you want" : "this queue wants"}`;
}

const EXPIRED: Record<string, string> = {
  declined: "You declined the match, so you left the queue.",
  no_answer: "You did not answer in time, so you left the queue.",
  party_left: "A member of your party left the queue.",
};

/** Why the player is no longer in the queue; empty if nothing is wrong. */
export function queue_exit(state: QueueState & { is: "out" }, connection: ConnectionState): string {
  if (state.refusal) return refusal(state.refusal);
  if (state.why === "expired") {
    const again = state.after_ms === undefined ? "You can queue again." : `You can queue again in ${estimate(state.after_ms)}.`;
    return `${EXPIRED[state.reason ?? ""] ?? "No suitable player was found in time."} ${again}`;
  }
  return connection.is === "stopped" ? close_reason(connection.code) : "";
}

const CONNECTION = { connecting: "Connecting…", open: "Connected", stopped: "Closed" };

/** The connection waits for another window or device of the player. */
function stands_by(state: ConnectionState): boolean {
  return state.is === "waiting" && ["taken_over", "too_many_devices"].includes(state.why);
}

const STANDS_BY = "Open in another window. This one continues when you close that one";

/** The state of the connection, with a countdown. */
export function connection(state: ConnectionState, now: number = Date.now()): string {
  if (stands_by(state)) return STANDS_BY;
  return state.is === "waiting" ? `Reconnecting in ${Math.max(1, Math.ceil((state.until - now) / 1000))} s` : CONNECTION[state.is];
}

/** The state of the connection for screen readers: no countdown, so that each change is read once. */
export function connection_announcement(state: ConnectionState): string {
  if (stands_by(state)) return `${STANDS_BY}.`;
  return state.is === "waiting" ? "The connection was lost. It will reconnect by itself." : CONNECTION[state.is];
}

const CLOSED: Record<number, string> = {
  4001: "Your access has been suspended, so you cannot play for now.",
  4002: "You were removed from this room. You can find another match.",
  4004: "This page is out of date. Reload it and try again.",
  4005: "You are not a member of this room. You can find another match.",
  4008: "You are connected on too many devices. Close one of them, then reload this page.",
  4010: "Matchpoint does not accept connections from this address. Open the page from its usual address.",
  4011: "This room no longer exists; the match has probably ended. You can find another one.",
};

/** Why a connection is closed for good, and what to do; empty if nothing is wrong. */
export function close_reason(code: number): string {
  if (code === 4000 || code === 4007 || code === 1000) return "";
  return CLOSED[code] ?? "The connection was closed. Reload the page to try again.";
}

const REFUSALS: Record<string, string> = {
  too_fast: "That was too fast. Wait a moment, then send it again.",
  too_long: "That message is too long. Shorten it and send it again.",
  forbidden: "You are not allowed to do that here.",
  room_over: "This match has already ended.",
  lobby_full: "The queue is full right now. Try again in a minute.",
  banned: "Your access has been suspended, so you cannot play for now.",
  no_party: "No party has this code. Ask your friend for it again.",
  party_full: "That party is already full.",
  not_leader: "Only the party leader can do that.",
  not_found: "A member of your party is not connected. Wait for them, or remove them.",
  unavailable: "Part of the service is unavailable. Try again in a moment.",
  conflict: "The match has changed meanwhile. Look at it again.",
};
/** The refusals of a mode: their own text says the rule and the remedy. */
const OF_A_MODE: readonly string[] = ["illegal", "not_your_turn", "too_late"];

/** Why a command was refused, and what to do. */
export function refusal({ code, message }: Refusal): string {
  if (message !== undefined && OF_A_MODE.includes(code)) return message;
  return REFUSALS[code] ?? `That did not work: ${message ?? code.replaceAll("_", " ")}. Try again.`;
}

/** The problem, and what to do about it. */
export function error(error: unknown): string {
  if (error instanceof Refused) return refusal(error);
  if (error instanceof ConnectionClosed) return "The room closed before that was confirmed.";
  if (error instanceof SessionLost) return "Your session has ended. Enter your name again to continue.";
  if (error instanceof HttpProblem) {
    if (error.status === 429) return "Too many requests. Wait a few seconds, then try again.";
    if (error.status >= 500) return "The service has a problem. Try again in a minute.";
    if (error.field?.includes("name")) return "That name cannot be used. Try another one, up to 40 characters.";
    return `The request was refused (${error.code.replaceAll("_", " ")}). Check what you entered and try again.`;
  }
  return "Matchpoint cannot be reached. Check your connection, then try again.";
}
