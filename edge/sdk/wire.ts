// The words of the wire: what a frame of `matchpoint.v1` can say, and how one is read and written.

/** The subprotocol, which the server echoes alone. */
export const PROTOCOL = "matchpoint.v1";

/** Anything JSON can hold. What a `say` or a `signal` carries is the product's own business. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where a member of a room is. `expected` has a seat and has never come. */
export type Presence = "here" | "away" | "expected" | "left";

/** Somebody with a seat. */
export type Member = { player: string; name: string; state: Presence };

/** One value of a room's board, and the position that wrote it. */
export type Cell = { v: Json; at: number };

/** A room as a whole, for whom a replay cannot help. */
export type Snapshot = {
  at: number;
  members: Member[];
  board: Record<string, Cell>;
  /** What the log still holds; it ends at `at`. */
  events: Event[];
};

/** The first frame after opening, always. */
export type Welcome = {
  ev: "welcome";
  epoch: string;
  at: number;
  recovered: boolean;
  replayed?: number;
  durable?: number;
  you: string;
  now: number;
  heartbeat: { every_ms: number; grace_ms: number };
  limits: { frame_bytes: number; per_s: number; burst: number; batch: number };
  members?: Member[];
  phase?: "open" | "over";
  snapshot?: Snapshot;
  /** Of a lobby: how many wait, how many of them are like oneself, and how long it may take. */
  pool?: string;
  waiting?: number;
  like_you?: number;
  estimate_ms?: number | null;
  estimate_p90_ms?: number | null;
};

/** Something that happened. With `at` it is in the log; without, it is gone once told. */
export type Event = { ev: string; at?: number; by?: string; ts?: number; to?: number; body?: Json };

/** Why a command was refused. `retry` says whether the same command may fare better later. */
export type Fault = {
  code: string;
  retry: boolean;
  after_ms?: number;
  field?: string;
  message?: string;
  /** With `conflict`: the position that stands in the way. */
  at?: number;
  /** With `in_match`: the room one is already in. */
  room?: string;
};

/** What the server answers to a command that had an `id`. */
export type Reply = { id: number | string; ok: { at?: number; [more: string]: Json | undefined } } | { id: number | string; err: Fault };

/** What a client says. */
export type Command = { op: string; id?: number; key?: string; to?: string; ack?: "durable"; body?: Json };

/** One message from the server. */
export type Message = Welcome | Event | Reply;

/** A command was refused, and repeating it as it is will not help. */
export class Refused extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message ?? fault.code);
    this.name = "Refused";
    this.fault = fault;
  }
}

/** Reads a frame: one message, or several in order. What is no message at all is left out. */
export function read(frame: string): Message[] {
  const value: unknown = JSON.parse(frame);
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((one): one is Message => typeof one === "object" && one !== null && ("ev" in one || "id" in one));
}

/** Whether a message answers a command. */
export function is_reply(message: Message): message is Reply {
  return !("ev" in message);
}

/** Whether a message is the first of a connection. */
export function is_welcome(message: Message): message is Welcome {
  return "ev" in message && message.ev === "welcome";
}

/**
 * Writes frames of at most `batch` messages and `bytes` bytes each. A lone message goes bare; one that is too large
 * by itself still goes alone, for the server to refuse by name.
 */
export function write(messages: Command[], batch = 64, bytes = 16_384): string[] {
  const frames: string[] = [];
  let open: string[] = [];
  let size = 2;
  const shut = () => {
    if (open.length > 0) frames.push(open.length === 1 ? open.join() : `[${open.join(",")}]`);
    open = [];
    size = 2;
  };
  for (const message of messages) {
    const text = JSON.stringify(message);
    const length = new TextEncoder().encode(text).length + 1;
    if (open.length === batch || size + length > bytes) shut();
    open.push(text);
    size += length;
  }
  shut();
  return frames;
}

/** A name for a command that nobody else will choose: 96 random bits. */
export function random_key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
