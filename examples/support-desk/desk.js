// The desk's own backend: sessions for its customers and agents, a note in each conversation, and its transcript.
// EDGE, REGION, SERVICE_KEY and WEBHOOK_SECRET as `cargo dev --webhook http://127.0.0.1:8091/hooks` prints them.

import { createServer } from "node:http";
import { createHmac, timingSafeEqual } from "node:crypto";

const { EDGE, REGION, SERVICE_KEY, WEBHOOK_SECRET = "", PORT = "8091" } = process.env;

/** The users of this desk. A real one has a login and a database. */
const USERS = {
  ana: { name: "Ana", role: "customer", note: "Ana, customer since 2024, order 1234" },
  bo: { name: "Bo", role: "agent" },
};
/** The users by player. */
const known = new Map();
/** The messages that were handled. A real backend stores them with the work. */
const handled = new Set();

async function call(url, method, body, key) {
  const headers = { authorization: `Bearer ${SERVICE_KEY}`, "content-type": "application/json", ...(key && { "idempotency-key": key }) };
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

/** Returns a session for a user. Agents have the tier `agent`, which no player can claim. */
async function session(id) {
  const { name, role } = USERS[id];
  const tokens = await call(`${REGION}/v1/sessions`, "POST", { external: { user: id, name } });
  if (role === "agent") await call(`${REGION}/v1/players/${tokens.player}/tier`, "PUT", { tier: "agent" });
  known.set(tokens.player, USERS[id]);
  return tokens;
}

/** Writes a note about the customer into a new conversation; keeps the transcript of one that has ended. */
async function handle({ type, data }) {
  if (type === "match.made" && data.pool === "support") {
    const notes = data.players.flatMap((player) => known.get(player)?.note ?? []);
    const says = notes.map((note) => ({ op: "say", key: "note", body: { note } }));
    await call(`${EDGE}/v1/rooms/${data.match}/commands`, "POST", says);
  }
  if (type === "match.ended" && data.pool === "support") {
    const { events } = await call(`${EDGE}/v1/rooms/${data.match}/log`, "GET");
    const lines = events.flatMap(({ ev, by, body }) => (ev === "said" ? [`${known.get(by)?.name ?? "desk"}: ${body.text ?? body.note}`] : []));
    console.log([`transcript, solved: ${data.result?.solved ?? false}`, ...lines].join("\n"));
  }
}

/** Throws unless a message was signed with the secret in the last five minutes. */
function verify(headers, body) {
  const [id, at] = [headers["webhook-id"], headers["webhook-timestamp"]];
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < 300)) throw new Error("the message is too old");
  const key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
  const right = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  const is_right = (one) => {
    const given = Buffer.from(one.replace(/^v1,/, ""), "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  };
  if (!String(headers["webhook-signature"]).split(" ").some(is_right)) throw new Error("no signature is right");
  return id;
}

async function respond(request, body) {
  const { pathname, searchParams } = new URL(request.url, "http://desk");
  if (request.method === "POST" && pathname === "/session" && Object.hasOwn(USERS, searchParams.get("user") ?? "")) {
    return [200, await session(searchParams.get("user"))];
  }
  if (request.method === "POST" && pathname === "/hooks") {
    const id = verify(request.headers, body);
    if (!handled.has(id)) await handle(JSON.parse(body));
    handled.add(id);
    return [204, null];
  }
  return [404, null];
}

createServer(async (request, response) => {
  try {
    const body = Buffer.concat(await request.toArray());
    const [status, answer] = await respond(request, body);
    response.writeHead(status, { "content-type": "application/json" }).end(answer && JSON.stringify(answer));
  } catch (error) {
    console.error(error.message);
    // A webhook that is not confirmed is sent again.
    response.writeHead(500).end();
  }
}).listen(Number(PORT), "127.0.0.1", () => console.log("the desk is open"));
