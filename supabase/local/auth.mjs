// The auth service: the GoTrue-compatible part of @supabase/lite on our database, nothing else of it.
// `--schema` prints the SQL of its tables and ends. Otherwise it listens on loopback; the gateway
// checks the API key before it forwards.
import { serve } from "@hono/node-server";
import { App, getAuthSchemaSql } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

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

const connection = createPostgresConnection({
  url: process.env.LOCAL_AUTH_DATABASE_URL,
  // Six connections carry a sign-in rush of a demo; every idle one costs the server 2 MB.
  postgresOptions: { max: 6, types: { timestamptz: instant } },
});

const app = new App({
  connection,
  api: { enabled: false },
  auth: { enabled: true, ...settings.auth },
  options: { server: { apiKeys: false, admin: false } },
});

// For a path it does not know, it shows a page of its own dashboard, which is no part of ours.
async function answer(request) {
  const said = await app.fetch(request, { peerAddress: null });
  const isPage = said.headers.get("content-type")?.startsWith("text/html");
  return isPage ? Response.json({ code: 404, error_code: "not_found", msg: "no such path" }, { status: 404 }) : said;
}

serve({ fetch: answer, hostname: "127.0.0.1", port: settings.port });
