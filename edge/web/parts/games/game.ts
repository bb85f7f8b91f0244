// The game part of the room screen: chooses the board of the room's mode, and shows status, refusals and the end.

import { load_predictor } from "@matchpoint/client/predict";
import type { Json } from "@matchpoint/client";
import { el, write } from "../dom.ts";
import * as outcomes from "../outcomes.ts";
import * as phrases from "../phrases.ts";
import type { Board, BoardContext, GameRoom, MatchEvent } from "./board.ts";
import { connect_four } from "./connect_four.ts";
import { rock_paper_scissors } from "./rock_paper_scissors.ts";

/** The games with a board, by the mode that they show. */
const BOARDS: Record<string, (context: BoardContext) => Board> = {
  "connect-four@1": connect_four,
  "rock-paper-scissors@1": rock_paper_scissors,
};

/** The interval in which clocks are drawn. */
const TICK_MS = 200;

/** The game of one room. */
export class Game {
  readonly #room: GameRoom;
  #board: Board | null = null;
  #kept: Json;
  #moving = false;
  #closed = false;
  #tick: ReturnType<typeof setInterval> | undefined;

  /** `kept` is what an earlier page has saved. */
  constructor(room: GameRoom, kept: Json) {
    this.#room = room;
    this.#kept = kept;
    for (const id of ["game-status", "game-announcement", "game-fault"]) write(el(id), "");
    el("game-board").replaceChildren();
    el("game-actions").replaceChildren();
    el("game").hidden = true;
    delete el("room-body").dataset.game;
    for (const name of ["started", "snapshot"] as const) room.on(name, () => (this.#kept = null));
    room.on("moved", (event) => this.#on_event(event));
  }

  /** The event that the board keeps. A page saves it beside the view, to show the same board after a reload. */
  get kept(): Json {
    return this.#kept;
  }

  /** Returns whether the page has a board for this room, which stays after the end. */
  get has_board(): boolean {
    return BOARDS[this.#room.view.mode ?? ""] !== undefined;
  }

  /** Resigns, where the game has such a move; otherwise leaving is the way to give up. */
  get resign(): (() => Promise<unknown>) | undefined {
    return this.#board?.resign;
  }

  draw(): void {
    const { mode, ended, state } = this.#room.view;
    if (mode === null || this.#closed) return;
    this.#open(mode);
    if (this.#board && state !== null) this.#board.draw();
    write(el("game-status"), this.#status());
    el("game").dataset.over = String(ended !== null);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#tick);
  }

  #open(mode: string): void {
    if (!el("game").hidden) return;
    el("game").hidden = false;
    el("room-body").dataset.game = mode;
    write(el("game-title"), outcomes.game_name(mode));
    // The chat is not what the player came for, and on a phone its keyboard would cover the board.
    const input = el<HTMLInputElement>("say-input");
    if (document.activeElement === input && input.value === "") el("room-title").focus({ preventScroll: true });
    const context: BoardContext = {
      room: this.#room,
      kept: () => this.#kept,
      move: (body) => void this.#move(body),
      is_moving: () => this.#moving,
    };
    this.#board = BOARDS[mode]?.(context) ?? null;
    if (this.#board) void this.#predict();
    this.#tick = setInterval(() => this.#room.state.get() !== null && this.#board?.tick(), TICK_MS);
  }

  /** Has moves show at once. Without the module they show when the room answers. */
  async #predict(): Promise<void> {
    try {
      this.#room.predict_with(await load_predictor("predict.wasm"));
    } catch (error) {
      console.warn("Moves show when the room answers:", error);
    }
  }

  #status(): string {
    const { view, connection } = this.#room;
    if (view.ended) return outcomes.end_notice(view);
    if (!this.#board) return `${outcomes.game_name(view.mode ?? "")} runs on the server. This page has no board for it.`;
    if (view.state === null) return "The match starts when all players are here.";
    if (this.#moving && connection.get().is !== "open") return "Your move is sent as soon as the connection is back.";
    return this.#board.status();
  }

  #on_event(event: MatchEvent): void {
    write(el("game-fault"), "");
    const told = event.body ?? null;
    if (this.#board?.keeps(told)) this.#kept = told;
    const text = this.#board?.announcement(event) ?? "";
    if (text !== "") write(el("game-announcement"), text);
    if (this.#board) this.draw();
  }

  async #move(body: Json): Promise<void> {
    if (this.#moving) return;
    this.#moving = true;
    write(el("game-fault"), "");
    this.draw();
    try {
      await this.#room.move(body);
    } catch (error) {
      if (this.#closed) return;
      // The end says more than that a move came after it.
      if (this.#room.view.ended === null) write(el("game-fault"), phrases.error(error));
    }
    this.#moving = false;
    this.draw();
  }
}
