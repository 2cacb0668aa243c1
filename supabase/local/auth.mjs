// The auth service: the GoTrue-compatible part of @supabase/lite on our database, nothing else of it.
// `--schema` prints the SQL of its tables and ends. Otherwise it listens on loopback; the gateway
// checks the API key before it forwards.
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { App, getAuthSchemaSql } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import postgres from "postgres";
import { invite, remind } from "./invite.mjs";

if (process.argv.includes("--schema")) {
  process.stdout.write(getAuthSchemaSql());
  process.exit(0);
}

const settings = JSON.parse(process.env.LOCAL_AUTH_SETTINGS);

// The hosted service writes instants as RFC 3339, and supabase-py reads nothing else.
const instant = {
  to: 1184,
  from: [1184], // timestamptz; the sessions run in UTC
  serialize: (value) => (value instanceof Date ? value.toISOString() : value),
  parse: (text) => text.replace(" ", "T").replace(/\+00$/, "Z"),
};

// The library writes and reads an account's data as text, which the driver would quote once more;
// the hosted service keeps an object. What was quoted by an older stack is read as it was meant.
const document = {
  to: 3802,
  from: [3802], // jsonb
  serialize: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
  parse: (text) => (text.startsWith('"') ? JSON.parse(text) : text),
};

const connection = createPostgresConnection({
  url: process.env.LOCAL_AUTH_DATABASE_URL,
  // Six connections carry a sign-in rush of a demo; every idle one costs the server 2 MB.
  postgresOptions: { max: 6, types: { timestamptz: instant, jsonb: document } },
});

// Nobody delivers mail on one machine: /simulators/mail/ shows what is written here.
async function send(mail) {
  await mkdir(settings.mail, { recursive: true });
  const name = `${String(Date.now()).padStart(15, "0")}-${randomUUID()}.json`;
  await writeFile(join(settings.mail, name), JSON.stringify({ ...mail, at: new Date().toISOString() }));
}

// One connection: invitations are few.
const sql = postgres(process.env.LOCAL_AUTH_DATABASE_URL, { max: 1, onnotice: () => {} });

const app = new App({
  connection,
  api: { enabled: false },
  auth: { enabled: true, ...settings.auth },
  options: { drivers: { email: { send } }, server: { apiKeys: false, admin: false } },
});

// An invitation's token is one of sign-up to the library, which has never heard of the other.
async function asKnown(request, path) {
  if (request.method !== "POST" || path !== "/auth/v1/verify") return request;
  const asked = await request.json();
  const body = JSON.stringify(asked.type === "invite" ? { ...asked, type: "signup" } : asked);
  return new Request(request.url, { method: "POST", headers: request.headers, body });
}

// For a path it does not know, it shows a page of its own dashboard, which is no part of ours.
async function answer(request) {
  const path = new URL(request.url).pathname;
  const mails = { "/auth/v1/invite": invite, "/auth/v1/otp": remind };
  if (request.method === "POST" && mails[path]) return mails[path](request, { sql, settings, send });
  const said = await app.fetch(await asKnown(request, path), { peerAddress: null });
  const isPage = said.headers.get("content-type")?.startsWith("text/html");
  return isPage ? Response.json({ code: 404, error_code: "not_found", msg: "no such path" }, { status: 404 }) : said;
}

serve({ fetch: answer, hostname: "127.0.0.1", port: settings.port });
