// Everything that players have over HTTP: profiles and pictures, follows and blocks, history and leaderboards, the account.

export { Account } from "./account.ts";
export type { Api, PageOptions } from "./api.ts";
export { People } from "./people.ts";
export { Profiles } from "./profiles.ts";
export { Records } from "./records.ts";
export type { MatchOptions } from "./records.ts";
export type * from "../wire/region.ts";
