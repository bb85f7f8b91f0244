// The lobby of one pool of the fake server: tickets are matched in the order in which they come.

import type { FakeSocket, Host, Received } from "./socket.ts";

type Ticket = { ticket: string; since: number; key: string; player: string; accepted: boolean };

/** The rules of a pool. */
export type FakePool = {
  /** The number of players of a match; 2 without it. */
  seats?: number;
  /** True where matches are proposed, and start once all have accepted. */
  propose?: boolean;
};

/** One lobby of the fake server. */
export class FakeLobby implements Host {
  readonly #pool: string;
  readonly #rules: Required<FakePool>;
  /** Creates a room for a match, and returns its id. */
  readonly #make_room: (players: string[]) => string;
  readonly #sockets = new Set<FakeSocket>();
  #tickets: Ticket[] = [];
  #proposed: Ticket[] = [];
  #count = 0;

  constructor(pool: string, { seats = 2, propose = false }: FakePool, make_room: (players: string[]) => string) {
    this.#pool = pool;
    this.#rules = { seats, propose };
    this.#make_room = make_room;
  }

  open(socket: FakeSocket): void {
    this.#sockets.add(socket);
    const own = this.#tickets.find(({ player }) => player === socket.player);
    socket.welcome({ pool: this.#pool, waiting: this.#tickets.length, estimate_ms: null, estimate_p90_ms: null, recovered: own !== undefined });
  }

  closed(socket: FakeSocket): void {
    this.#sockets.delete(socket);
  }

  receive(socket: FakeSocket, command: Received): void {
    const ticket = this.#tickets.find(({ player }) => player === socket.player);
    switch (command.op) {
      case "enter":
        return this.#enter(socket, command, ticket);
      case "leave":
        if (!ticket) return socket.refuse(command, { code: "no_ticket", retry: false });
        this.#remove([ticket]);
        return socket.reply(command, {});
      case "accept":
      case "decline":
        return this.#answer(socket, command, ticket);
      case "why":
        return socket.reply(command, { waiting: this.#tickets.length - 1, fit_now: 0, fit_later: 0, next_in_ms: null, blocks: null, next_rule: null, rules: [], estimate_ms: null, estimate_p90_ms: null });
      case "auth":
        return socket.reply(command, {});
      default:
        return socket.refuse(command, { code: "forbidden", retry: false, message: "The fake server has no parties." });
    }
  }

  /** Closes the connections of a player, or all; without a code as a lost network does. */
  cut(player?: string, code = 1006): void {
    for (const socket of this.#sockets) if (player === undefined || socket.player === player) socket.end(code, "closed");
  }

  #enter(socket: FakeSocket, command: Received, known: Ticket | undefined): void {
    const fresh = { ticket: `t_${(this.#count += 1)}`, since: Date.now(), key: command.key ?? "", player: socket.player, accepted: false };
    const { ticket, since, key } = known ?? fresh;
    socket.tell({ ev: "queued", body: { ticket, since, key } });
    socket.reply(command, { ticket, since, key });
    if (known) return;
    this.#tickets.push(fresh);
    this.#tell_all({ ev: "lobby", body: { waiting: this.#tickets.length, estimate_ms: null, estimate_p90_ms: null } });
    const group = this.#tickets.filter((one) => !this.#proposed.includes(one)).slice(0, this.#rules.seats);
    if (group.length === this.#rules.seats) this.#match(group);
  }

  #match(group: Ticket[]): void {
    if (!this.#rules.propose) return this.#start(group);
    this.#proposed = group;
    const until = Date.now() + 30_000;
    for (const { player } of group) this.#tell(player, { ev: "proposed", body: { match: "m_next", with: others(group, player), until, accepted: false } });
  }

  #answer(socket: FakeSocket, command: Received, ticket: Ticket | undefined): void {
    if (!ticket || !this.#proposed.includes(ticket)) return socket.refuse(command, { code: "not_found", retry: false });
    socket.reply(command, command.op === "accept" ? { match: "m_next" } : {});
    ticket.accepted = command.op === "accept";
    const group = this.#proposed;
    if (group.every(({ accepted }) => accepted)) this.#start(group);
    if (command.op === "accept") return;
    this.#proposed = [];
    this.#remove([ticket]);
    socket.tell({ ev: "expired", body: { ticket: ticket.ticket, reason: "declined", after_ms: 30_000 } });
    for (const one of group.filter((other) => other !== ticket)) {
      one.accepted = false;
      this.#tell(one.player, { ev: "returned", body: { ticket: one.ticket, since: one.since, reason: "declined" } });
    }
  }

  #start(group: Ticket[]): void {
    this.#remove(group);
    this.#proposed = [];
    const room = this.#make_room(group.map(({ player }) => player));
    for (const { player } of group) this.#tell(player, { ev: "matched", body: { match: room, room, with: others(group, player) } });
  }

  #remove(gone: Ticket[]): void {
    this.#tickets = this.#tickets.filter((ticket) => !gone.includes(ticket));
  }

  #tell(player: string, event: Parameters<FakeSocket["tell"]>[0]): void {
    for (const socket of this.#sockets) if (socket.player === player) socket.tell(event);
  }

  #tell_all(event: Parameters<FakeSocket["tell"]>[0]): void {
    for (const socket of this.#sockets) socket.tell(event);
  }
}

function others(group: Ticket[], player: string): string[] {
  return group.map((ticket) => ticket.player).filter((other) => other !== player);
}
