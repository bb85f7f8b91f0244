// A fake room: members, messages, board and a match whose moves a function decides.

import type { Cell, Json, Member, Refusal } from "../wire/wire.ts";
import { Log, seen_by } from "./log.ts";
import type { NewEvent } from "./log.ts";
import type { FakeSocket, Host, Received } from "./socket.ts";

/**
 * The game of a room, in place of a mode. `move` returns the next state, and throws a refusal such as
 * `{ code: "illegal", why: "column_full" }` for a move against the rules. All members see the same state.
 */
export type FakeGame = {
  /** The name and version of the mode, such as `connect-four@1`. */
  mode: string;
  start: (seats: string[]) => Json;
  move: (state: Json, move: Json, seat: number) => Json;
};

/** One room of the fake server. */
export class FakeRoom implements Host {
  readonly id: string;
  /** The events of the room. */
  readonly log = new Log();
  #epoch = 1;
  readonly #members: Member[];
  readonly #game: FakeGame | null;
  readonly #sockets = new Set<FakeSocket>();
  readonly #replies = new Map<string, { [name: string]: Json }>();
  readonly #board: Record<string, Cell> = {};
  #state: Json = null;
  #over = false;

  /** `players` are the ids with their names. */
  constructor(id: string, players: [string, string][], game: FakeGame | null) {
    this.id = id;
    this.#game = game;
    this.#members = players.map(([player, name]) => ({ player, name, state: "expected" }));
  }

  /** The match as all members see it. */
  get state(): Json {
    return this.#state;
  }

  /** Begins a new epoch, as after the loss of the server's process: the next opening of each client starts with a snapshot. */
  lose_epoch(): void {
    this.#epoch += 1;
  }

  open(socket: FakeSocket): void {
    const member = this.#member(socket.player);
    if (!member || member.state === "left") return socket.end(4005, "no_seat");
    for (const other of this.#sockets) if (other.player === socket.player) other.end(4006, "taken_over");
    this.#sockets.add(socket);
    this.#welcome(socket);
    if (this.#over) return socket.end(4007, "room_over");
    if (member.state !== "here") {
      const ev = member.state === "expected" ? "joined" : "back";
      member.state = "here";
      this.#append({ ev, by: member.player, body: { name: member.name } });
    }
    if (this.#game && this.#state === null && this.#members.every(({ state }) => state === "here")) this.#start(this.#game);
  }

  closed(socket: FakeSocket): void {
    if (!this.#sockets.delete(socket)) return;
    const member = this.#member(socket.player);
    const replaced = [...this.#sockets].some(({ player }) => player === socket.player);
    if (!member || member.state !== "here" || replaced || this.#over) return;
    member.state = "away";
    this.#append({ ev: "away", by: member.player });
  }

  receive(socket: FakeSocket, command: Received): void {
    const key = command.key === undefined ? null : `${socket.player} ${command.key}`;
    const known = key === null ? undefined : this.#replies.get(key);
    if (known) return socket.reply(command, known);
    try {
      const ok = this.#execute(socket.player, command);
      if (key !== null) this.#replies.set(key, ok);
      socket.reply(command, ok);
      this.#tell_all({ ev: "durable", to: this.log.at });
      if (command.op === "leave") socket.end(4000, "left");
      if (this.#over) for (const open of this.#sockets) open.end(4007, "room_over");
    } catch (error) {
      if (error instanceof Error) throw error;
      socket.refuse(command, { ...refusal("illegal"), ...(error as Partial<Refusal>) });
    }
  }

  /** Closes the connections of a player, or all; without a code as a lost network does. */
  cut(player?: string, code = 1006): void {
    for (const socket of this.#sockets) if (player === undefined || socket.player === player) socket.end(code, "closed");
  }

  #execute(by: string, { op, to, body = null, if_at }: Received): { [name: string]: Json } {
    if (this.#over) throw refusal("room_over");
    switch (op) {
      case "say":
        return { at: this.#append({ ev: "said", by, body }) };
      case "set":
        return { at: this.#set(by, body as { keys: Record<string, Json>; if_at?: number }) };
      case "move":
        return { at: this.#move(by, body, if_at) };
      case "signal":
        this.#require(to);
        return { at: this.#append({ ev: "signal", by, body }, to) };
      case "hint":
        this.#tell_all({ ev: "hint", by, body }, to);
        return {};
      case "leave":
        return { at: this.#vacate(by, "left") };
      case "kick":
        return { at: this.#vacate(this.#require(to).player, "kicked") };
      case "end":
        if (this.#game) throw refusal("forbidden");
        this.#over = true;
        return { at: this.#append({ ev: "ended", by, body: { by, reason: "ended", result: body } }) };
      case "report":
        return { report: `r_${this.log.at}` };
      case "seen":
      case "auth":
        return {};
      default:
        throw refusal("unknown_op");
    }
  }

  #set(by: string, { keys, if_at }: { keys: Record<string, Json>; if_at?: number }): number {
    const newest = Math.max(...Object.keys(keys).map((key) => this.#board[key]?.at ?? 0));
    if (if_at !== undefined && newest > if_at) throw { ...refusal("conflict"), retry: true, at: newest };
    const at = this.#append({ ev: "set", by, body: { keys } });
    for (const [key, v] of Object.entries(keys)) {
      if (v === null) delete this.#board[key];
      else this.#board[key] = { v, at };
    }
    return at;
  }

  #move(by: string, body: Json, if_at = this.log.at): number {
    if (!this.#game) throw refusal("forbidden");
    if (this.#state === null) throw { ...refusal("illegal"), why: "not_started" };
    if (if_at < this.log.at) throw { ...refusal("conflict"), at: this.log.at };
    const seat = this.#members.findIndex(({ player }) => player === by);
    this.#state = this.#game.move(this.#state, body, seat);
    return this.#append({ ev: "moved", by, state: this.#state });
  }

  #vacate(player: string, reason: string): number {
    const member = this.#require(player);
    member.state = "left";
    const at = this.#append({ ev: "left", by: player, body: { reason } });
    if (reason === "kicked") for (const socket of this.#sockets) if (socket.player === player) socket.end(4002, "kicked");
    return at;
  }

  #start(game: FakeGame): void {
    const seats = this.#members.map(({ player }) => player);
    this.#state = game.start(seats);
    this.#append({ ev: "started", body: { mode: game.mode, seats }, state: this.#state });
  }

  #welcome(socket: FakeSocket): void {
    const [epoch, at] = [socket.query.get("epoch"), Number(socket.query.get("at"))];
    const recovered = epoch === `e${this.#epoch}` && at <= this.log.at;
    const missed = recovered ? this.log.after(at, socket.player) : [];
    const seats = this.#members.map(({ player }) => player);
    const match = this.#state === null ? {} : { state: this.#state, seats };
    const events = this.log.after(0, socket.player);
    const snapshot = { at: this.log.at, members: this.#members, board: this.#board, events, ...match };
    const fields = { epoch: `e${this.#epoch}`, at: this.log.at, durable: this.log.at, recovered, replayed: missed.length };
    socket.welcome({ ...fields, members: this.#members, phase: this.#over ? "over" : "open", ...(this.#game && { mode: this.#game.mode }), ...(!recovered && { snapshot }) });
    if (missed.length > 0) socket.tell(...missed);
  }

  #append(event: NewEvent & { state?: Json }, to: string | null = null): number {
    const entry = this.log.append(event, to);
    for (const socket of this.#sockets) socket.tell(seen_by(entry, to, socket.player));
    return entry.at;
  }

  #tell_all(event: { ev: string; [more: string]: unknown }, to?: string): void {
    for (const socket of this.#sockets) if (to === undefined || socket.player === to) socket.tell(event as never);
  }

  #member(player: string | undefined): Member | undefined {
    return this.#members.find((member) => member.player === player);
  }

  #require(player: string | undefined): Member {
    const member = this.#member(player);
    if (!member) throw refusal("not_found");
    return member;
  }
}

function refusal(code: Refusal["code"]): Refusal {
  return { code, retry: false };
}
