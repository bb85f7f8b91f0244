// Frames of the wire: parsing and serializing.

import type { Command, Limits, Message, Reply, Welcome } from "./wire.ts";

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
 * Serializes messages into frames of at most `batch` messages and `frame_bytes` bytes each. A single message is not wrapped in
 * an array. A message larger than a frame is sent alone, so that the server can refuse it.
 */
export function write(messages: Command[], { batch, frame_bytes }: Pick<Limits, "batch" | "frame_bytes">): string[] {
  const frames: string[][] = [];
  let open: string[] = [];
  let size = frame_bytes;
  for (const message of messages) {
    const text = JSON.stringify(message);
    const length = new TextEncoder().encode(text).length + 1;
    if (open.length === batch || size + length > frame_bytes) {
      frames.push((open = []));
      size = 2;
    }
    open.push(text);
    size += length;
  }
  return frames.map((texts) => (texts.length === 1 ? texts.join() : `[${texts.join(",")}]`));
}

/** Returns a unique key for a command: 96 random bits. */
export function random_key(): string {
  const bytes = new Uint8Array(12);
  // React Native has no `crypto`. A key must be unique, not secret.
  if (globalThis.crypto) crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => (bytes[index] = 256 * Math.random()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
