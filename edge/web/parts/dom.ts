// The page's hands: find, make and fill elements, and show one screen at a time.

export type Screen = "loading" | "name" | "queue" | "room" | "history";

/** The one element with this test id. Its absence is a fault of the page. */
export function el<T extends HTMLElement = HTMLElement>(testid: string): T {
  const found = document.querySelector<T>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`the page has no ${testid}`);
  return found;
}

/** A new element with text and attributes; `undefined` leaves an attribute out. */
export function make(tag: string, attributes: Record<string, string | undefined> = {}, ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

/** Writes text only where it is another: what is read aloud is not read twice. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows one screen, stamps the body with its name, and takes the keyboard and the reader there. */
export function show(screen: Screen, focus?: HTMLElement): void {
  if (document.body.dataset.state === screen) return;
  document.body.dataset.state = screen;
  for (const section of document.querySelectorAll<HTMLElement>("[data-screen]")) {
    section.hidden = section.dataset.screen !== screen;
  }
  scrollTo(0, 0);
  (focus ?? document.querySelector<HTMLElement>(`[data-screen="${screen}"] h1`))?.focus({ preventScroll: true });
}

/** Says in words what went wrong and what to do; an empty text takes it away. */
export function notice(text: string, kind: "trouble" | "news" = "trouble"): void {
  const box = el("notice");
  box.dataset.kind = kind;
  box.hidden = text === "";
  write(el("notice-text"), text);
}
