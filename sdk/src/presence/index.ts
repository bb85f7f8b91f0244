// The presence of the players that one follows, the player's own devices, and notices about the player.

export { Me } from "./me.ts";
export type { MeEvents, PresenceAt, SignedIn } from "./me.ts";
export type { Device, Notice, PlayerPresence, PresenceState } from "../wire/wire.ts";
