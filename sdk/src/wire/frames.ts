// Frames of the wire: parsing, serializing, and the error of a refused command.

import type { Command, Message, Refusal, RefusalCode, Reply, Welcome } from "./wire.ts";

/** A command was refused; the same command would be refused again. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message ?? refusal.code);
    this.name = "Refused";
    this.refusal = refusal;
  }

  get code(): RefusalCode {
    return this.refusal.code;
  }

  /** The mode's own word for the rule that a move broke, such as `column_full`; none for other refusals. */
  get why(): string | undefined {
    return this.refusal.why;
  }

  /** @deprecated The former name of `refusal`. */
  get fault(): Refusal {
    return this.refusal;
  }
}

/** Parses a frame: one message, or several in order. Values that are not messages are left out; `null` if it is not JSON. */
export function read(frame: string): Message[] | null {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((item): item is Message => typeof item === "object" && item !== null && ("ev" in item || "id" in item));
}

/** Returns whether a message is the reply to a command. */
export function is_reply(message: Message): message is Reply {
  return !("ev" in message);
}

/** Returns whether a message is the first one of a connection. */
export function is_welcome(message: Message): message is Welcome {
  return "ev" in message && message.ev === "welcome";
}

/**
 * Serializes messages into frames of at most `batch` messages and `bytes` bytes each. A single message is not wrapped in
 * an array. A message larger than `bytes` is sent alone, so that the server can refuse it.
 */
export function write(messages: Command[], batch = 64, bytes = 16_384): string[] {
  const frames: string[] = [];
  let open: string[] = [];
  let size = 2;
  const finish = () => {
    if (open.length > 0) frames.push(open.length === 1 ? open.join() : `[${open.join(",")}]`);
    open = [];
    size = 2;
  };
  for (const message of messages) {
    const text = JSON.stringify(message);
    const length = new TextEncoder().encode(text).length + 1;
    if (open.length === batch || size + length > bytes) finish();
    open.push(text);
    size += length;
  }
  finish();
  return frames;
}

/** Returns a unique key for a command: 96 random bits. */
export function random_key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
