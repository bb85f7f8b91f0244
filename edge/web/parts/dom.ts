// DOM helpers: find, create and fill elements, and show one screen at a time.

export type Screen = "loading" | "name" | "queue" | "room" | "history";

/** Returns the element with this test id. A missing element is a bug of the page. */
export function el<T extends HTMLElement = HTMLElement>(testid: string): T {
  const found = document.querySelector<T>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`the page has no ${testid}`);
  return found;
}

/** Creates an element with attributes and content; an `undefined` attribute is left out. */
export function make(tag: string, attributes: Record<string, string | undefined> = {}, ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

/** Sets text only if it differs, so that screen readers do not repeat it. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows one screen, marks the body with its name, and moves the focus there. */
export function show(screen: Screen, focus?: HTMLElement): void {
  if (document.body.dataset.state === screen) return;
  document.body.dataset.state = screen;
  for (const section of document.querySelectorAll<HTMLElement>("[data-screen]")) {
    section.hidden = section.dataset.screen !== screen;
  }
  scrollTo(0, 0);
  (focus ?? document.querySelector<HTMLElement>(`[data-screen="${screen}"] h1`))?.focus({ preventScroll: true });
}

/** Shows a notice; an empty text hides it. */
export function notice(text: string, kind: "trouble" | "news" = "trouble"): void {
  const box = el("notice");
  box.dataset.kind = kind;
  box.hidden = text === "";
  write(el("notice-text"), text);
}
