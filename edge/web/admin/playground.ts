// A socket to play with: every frame in both directions, and a network that cuts, is slow, or doubles what is sent.

import { make, write } from "../parts/dom.ts";
import { attempt, fault_place } from "./attempt.ts";
import { PlaySocket } from "./play_socket.ts";
import type { Frame } from "./play_socket.ts";
import type { Context } from "./screen.ts";
import { button, panel, prose } from "./view.ts";

/** Frames that stay on the page. */
const FRAMES_MAX = 200;

/** Returns the panel of the playground. */
export function playground({ operator, signal }: Context): HTMLElement {
  const target = make("input", { id: "target", "data-testid": "target", value: "me", autocomplete: "off", spellcheck: "false" }) as HTMLInputElement;
  const frame = make("textarea", { id: "frame", "data-testid": "frame", rows: "3", class: "code", spellcheck: "false" }) as HTMLTextAreaElement;
  frame.value = '{"op":"say","key":"k1","body":{"text":"Hello."}}';
  const slow = make("input", { id: "slow", type: "checkbox", "data-testid": "slow" }) as HTMLInputElement;
  const double = make("input", { id: "double", type: "checkbox", "data-testid": "double" }) as HTMLInputElement;
  const state = make("span", { "data-testid": "socket-state", role: "status" }, "closed");
  const fault = fault_place();
  const frames = make("ol", { class: "frames", "data-testid": "frames" });
  const log = make("div", { class: "scroll", role: "log", tabindex: "0", "aria-label": "Frames" }, frames);
  const add = ({ way, text }: Frame) => {
    const mark = { sent: "→", received: "←", state: "·" }[way];
    frames.append(make("li", { "data-way": way }, make("span", { class: "muted" }, `${new Date().toLocaleTimeString()} ${mark} `), make("code", {}, text)));
    while (frames.children.length > FRAMES_MAX) frames.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
  };
  const socket = new PlaySocket(operator, { on_frame: add, on_state: (text) => write(state, text), is_slow: () => slow.checked, is_double: () => double.checked });
  signal.addEventListener("abort", () => socket.close());
  const check = (input: HTMLInputElement, text: string) => make("label", { class: "check", for: input.id }, input, text);
  return panel(
    "Socket",
    "playground",
    make("p", { class: "muted" }, ...prose("You connect as yourself: to `me`, `lobby/<pool>` or `room/<id>`, with `?watch=1` as a spectator. It is a device like any other, and wakes a room that rests.")),
    make("label", { for: "target" }, "Connect to"),
    make(
      "div",
      { class: "row" },
      target,
      button("Open", "socket-open", () => attempt(fault, () => socket.open(target.value.trim())), "main"),
      button("Cut, and resume", "socket-cut", () => attempt(fault, () => socket.cut())),
      button("Close", "socket-close", () => socket.close()),
      state,
    ),
    make("div", { class: "row" }, check(slow, "Slow: confirms no position, so that the room sees it fall behind"), check(double, "Double: sends each frame twice")),
    make("label", { for: "frame" }, "Frame"),
    frame,
    make("div", { class: "row" }, button("Send", "frame-send", () => attempt(fault, () => socket.send(frame.value.trim())), "main")),
    fault,
    log,
  );
}
