// The page's words: times, waits and troubles as a person would say them.

import { HttpProblem, Refused, SessionLost, Stopped } from "../../sdk/index.ts";
import type { Fault, Line, LobbyPlace, Sight, Why } from "../../sdk/index.ts";

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const precise = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** 9:41 for a message. */
export function time(ms: number): string {
  return clock.format(ms);
}

/** "Today, 9:41", or the day. */
export function when(ms: number, now: number = Date.now()): string {
  const today = new Date(now).toDateString() === new Date(ms).toDateString();
  return `${today ? "Today" : day.format(ms)}, ${clock.format(ms)}`;
}

/** 1:07 on the scoreboard. */
export function stopwatch(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** How long a meeting was. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.round(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

/** An estimate is a guess, and is said like one. */
export function about(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 55_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.max(1, Math.round(ms / 60_000))} min`;
}

/** 9:41:07: when a short wait is over. */
export function exactly(ms: number): string {
  return precise.format(ms);
}

/** How somebody is whom one follows. Whoever does not follow back is not to be seen, and looks as if they were away. */
export function sight(state: Sight["state"]): string {
  return { online: "here now", away: "looks elsewhere", reconnecting: "coming back", offline: "not here" }[state];
}

/** How many of those who wait are and want the same; nothing where that says no more. */
export function like(waiting: number | null, like_you: number | null): string {
  return like_you === null || waiting === null || like_you === waiting ? "" : `${like_you} like you`;
}

const RULES: Record<string, string> = {
  away: "are away for a moment",
  rest: "are being asked elsewhere",
  blocked: "are kept apart from you",
  met: "have just met you",
  rating: "play too differently",
};

/** Why one still waits. */
export function why({ waiting, fit_now, fit_later, blocks, next_in_ms, everywhere }: Why): string {
  const where = everywhere === false ? " Those further away are asked soon." : "";
  if (waiting === 0) return `Nobody else is waiting.${where}`;
  if (fit_now > 0) return "You fit with somebody, and are matched in a moment.";
  const rule = blocks === null ? "do not fit" : (RULES[blocks] ?? reads(blocks));
  const next = fit_later > 0 && next_in_ms !== null ? ` The next one fits in ${about(next_in_ms)}.` : "";
  return `Of ${waiting} ${waiting === 1 ? "other" : "others"} most ${rule}.${next}${where}`;
}

/** `you want lang`, `they want lang`, `the pool wants lang`. */
function reads(rule: string): string {
  const [, who, attr] = /^(you|they|the pool) wants? (.+)$/.exec(rule) ?? [];
  if (who === undefined) return "do not fit";
  return who === "they" ? `want another ${attr} than yours` : `have another ${attr} than ${who === "you" ? "you want" : "this queue wants"}`;
}

const EXPIRED: Record<string, string> = {
  declined: "You said no, so you are out of the queue.",
  no_answer: "You did not answer in time, so you are out of the queue.",
  party_left: "Somebody of your party left the queue.",
};

/** Why one is out of the queue. Nothing where nothing is wrong. */
export function out(place: LobbyPlace & { is: "out" }, line: Line): string {
  if (place.fault) return fault(place.fault);
  if (place.why === "expired") {
    const again = place.after_ms === undefined ? "You can queue again." : `You can queue again in ${about(place.after_ms)}.`;
    return `${EXPIRED[place.reason ?? ""] ?? "Nobody suitable came in time."} ${again}`;
  }
  return line.is === "stopped" ? closed(line.code) : "";
}

const LINES = { connecting: "Connecting…", open: "Connected", stopped: "Closed" };

/** How the connection is, for those who see it. */
export function line(line: Line, now: number = Date.now()): string {
  return line.is === "waiting" ? `Back in ${Math.max(1, Math.ceil((line.until - now) / 1000))} s` : LINES[line.is];
}

/** The same for those who hear it: once a change, without the countdown. */
export function line_said(line: Line): string {
  return line.is === "waiting" ? "The connection was lost. It comes back by itself." : LINES[line.is];
}

const CLOSED: Record<number, string> = {
  4001: "Your access has been suspended, so you cannot meet people for now.",
  4002: "You were put out of this room. You can meet somebody else.",
  4004: "This page is out of date. Reload it and try again.",
  4005: "This room is for other people. You can meet somebody else.",
  4006: "You went on in another window. Close this one, or reload it to carry on here.",
  4008: "You are connected on two devices already. Close one of them, then reload this page.",
  4010: "This page is not served from an address Matchpoint knows. Open it from its usual address.",
  4011: "This room is gone; it was probably over. You can meet somebody new.",
};

/** Why a connection is over for good, and what to do. Nothing where nothing is wrong. */
export function closed(code: number): string {
  if (code === 4000 || code === 4007 || code === 1000) return "";
  return CLOSED[code] ?? "The connection was closed. Reload the page to try again.";
}

const FAULTS: Record<string, string> = {
  too_fast: "That was a little fast. Wait a moment, then send it again.",
  too_long: "That message is too long. Shorten it and send it again.",
  forbidden: "That is not yours to do here.",
  room_over: "This meeting is over already.",
  lobby_full: "The queue is full right now. Try again in a minute.",
  banned: "Your access has been suspended, so you cannot meet people for now.",
  no_party: "There is no party of this code. Ask your friend for it again.",
  party_full: "That party is full already.",
  not_leader: "Only whoever made the party can do that.",
  not_found: "Somebody of your party is not here just now. Wait for them, or put them out.",
  unavailable: "Part of the service does not answer. Try again in a moment.",
};

export function fault({ code, message }: Fault): string {
  return FAULTS[code] ?? `That did not work: ${message ?? code.replaceAll("_", " ")}. Try again.`;
}

/** Whatever went wrong, and what to do about it. */
export function trouble(error: unknown): string {
  if (error instanceof Refused) return fault(error.fault);
  if (error instanceof Stopped) return "The room closed before your message was confirmed.";
  if (error instanceof SessionLost) return "Your session is over. Give your name again to carry on.";
  if (error instanceof HttpProblem) {
    if (error.status === 429) return "Too many requests at once. Wait a few seconds, then try again.";
    if (error.status >= 500) return "The service has a problem of its own. Try again in a minute.";
    if (error.field?.includes("name")) return "That name cannot be used. Try another one, up to 40 characters.";
    return `That was refused (${error.code.replaceAll("_", " ")}). Check what you entered and try again.`;
  }
  return "Matchpoint cannot be reached. Check your connection, then try again.";
}
