/** Logs a guest in with the generated client, reads the guest's profile, and opens a room. */

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths as EdgePaths } from "../../target/clients/typescript/edge.ts";
import type { components, paths as RegionPaths } from "../../target/clients/typescript/region.ts";

const edge = createClient<EdgePaths>({ baseUrl: process.env["MATCHPOINT_EDGE"] ?? "" });
const region = createClient<RegionPaths>({ baseUrl: process.env["MATCHPOINT_REGION"] ?? "" });

const session = await region.POST("/v1/sessions", { body: { guest: { name: "Ana" } } });
assert(session.data, JSON.stringify(session.error));
const headers = { authorization: `Bearer ${session.data.access_token}` };

const own = await region.GET("/v1/profiles/me", { headers });
assert(own.data, JSON.stringify(own.error));
const profile: components["schemas"]["Profile"] = own.data;
assert.equal(profile.player, session.data.player);
assert.equal(profile.name, "Ana");

// Rules that are left out have their defaults.
const created = await edge.POST("/v1/rooms", { headers, body: { rules: { end: "owner" } } });
assert(created.data, JSON.stringify(created.error));
const params = { path: { room: created.data.room } };
const room = await edge.GET("/v1/rooms/{room}", { params });
assert(room.data, JSON.stringify(room.error));
assert.equal(room.data.phase, "open");
assert.equal(room.data.room, created.data.room);

const refused = await region.GET("/v1/profiles/me");
assert.equal(refused.error?.code, "token_missing");

console.log(`TypeScript: ${profile.name} is ${profile.player} and owns ${room.data.room}.`);
