// What @supabase/supabase-js expects of a project, asked of the local platform.
// Run by test_conformance_javascript.py, which reads the claims below and this program's one line of
// JSON per claim. Resolves packages from supabase/local, where they are installed.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const settings = JSON.parse(process.env.CONFORMANCE);
const require = createRequire(settings.packages);
const { createClient } = require("@supabase/supabase-js");
const jwt = require("jose");

const DEADLINE_MS = 10_000;
const checks = [];
const check = (claim, body) => checks.push({ claim, body });
const clients = [];

function client(key = settings.publishableKey, options = {}) {
  const made = createClient(settings.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    ...options,
  });
  clients.push(made);
  return made;
}

async function signedIn(email = "operador@demo.test") {
  const made = client();
  const { error } = await made.auth.signInWithPassword({ email, password: settings.password });
  assert.equal(error, null);
  return made;
}

/** Signs the person's own claims anew, to end after so many seconds. */
async function tokensOf(email) {
  const { session } = (await (await signedIn(email)).auth.getSession()).data;
  const claims = jwt.decodeJwt(session.access_token);
  const secret = new TextEncoder().encode(settings.jwtSecret);
  return (seconds) =>
    new jwt.SignJWT({ ...claims, exp: Math.floor(Date.now() / 1000) + seconds })
      .setProtectedHeader({ alg: "HS256" })
      .sign(secret);
}

function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Joins a private channel; resolves with the first status that ends the attempt. */
function join(made, topic, onBroadcast = () => {}) {
  const channel = made.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event: "*" }, onBroadcast);
  const statuses = [];
  let changed = () => {};
  const until = (wanted) =>
    within(
      new Promise((resolve) => {
        changed = () => statuses.some((s) => s.status === wanted) && resolve(statuses);
        changed();
      }),
      `${topic} ${wanted}`,
    );
  channel.subscribe((status, error) => {
    statuses.push({ status, error });
    changed();
  });
  return { channel, statuses, until };
}

async function tellDatabase(command, body = {}) {
  const answer = await fetch(`${settings.control}/${command}`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

const tenantTopic = `tenant:${settings.tenantId}`;

// Auth

check("signing up by invitation makes a member of the tenant", async () => {
  const made = client();
  const { data, error } = await made.auth.signUp({ email: settings.invitedEmail, password: "uma-senha-longa" });
  assert.equal(error, null);
  assert.ok(data.session.access_token);
  const { data: context } = await made.rpc("session_context").throwOnError();
  assert.equal(context.tenant.id, settings.tenantId);
  assert.equal(context.tenant.role, "operator");
});

check("signing up without an invitation makes a member of nothing", async () => {
  const made = client();
  await made.auth.signUp({ email: `estranho-${randomUUID()}@demo.test`, password: "uma-senha-longa" });
  const { data } = await made.rpc("session_context").throwOnError();
  assert.equal(data.tenant, null);
});

check("a wrong password is refused with its code", async () => {
  const { data, error } = await client().auth.signInWithPassword({ email: "operador@demo.test", password: "errada-123" });
  assert.equal(error.code, "invalid_credentials");
  assert.equal(error.status, 400);
  assert.equal(data.session, null);
});

check("a short password is refused by name", async () => {
  const { error } = await client().auth.signUp({ email: `curta-${randomUUID()}@demo.test`, password: "curta" });
  assert.equal(error.code, "weak_password");
});

check("a refreshed session works and the used refresh token is spent", async () => {
  const made = await signedIn();
  const first = (await made.auth.getSession()).data.session;
  const { data, error } = await made.auth.refreshSession();
  assert.equal(error, null);
  assert.notEqual(data.session.refresh_token, first.refresh_token);
  const { data: user } = await made.auth.getUser();
  assert.equal(user.user.email, "operador@demo.test");
});

check("a refresh token that nobody issued is refused", async () => {
  const { error } = await client().auth.refreshSession({ refresh_token: "nobodys-token" });
  assert.equal(error.status, 400);
});

check("after signing out the session is over", async () => {
  const made = await signedIn();
  const { refresh_token } = (await made.auth.getSession()).data.session;
  assert.equal((await made.auth.signOut()).error, null);
  const { error } = await client().auth.refreshSession({ refresh_token });
  assert.notEqual(error, null);
});

// REST

check("a request without a key is refused", async () => {
  const answer = await fetch(`${settings.url}/rest/v1/clients`);
  assert.equal(answer.status, 401);
  assert.equal((await answer.json()).message, "No API key found in request");
});

check("a request with somebody else's key is refused", async () => {
  const { error, status } = await client("sb_publishable_somebody_elses").from("clients").select();
  assert.equal(status, 401);
  assert.equal(error.message, "Invalid API key");
});

check("the secret key is refused from a browser", async () => {
  const answer = await fetch(`${settings.url}/rest/v1/clients`, {
    headers: { apikey: settings.secretKey, "User-Agent": "Mozilla/5.0" },
  });
  assert.equal(answer.status, 401);
});

check("the publishable key alone reads no debtor", async () => {
  const { data, error } = await client().from("clients").select("id").limit(1);
  assert.ok(error !== null || data.length === 0);
});

check("select with filters, order, embedding and a count", async () => {
  const made = await signedIn();
  const { data, count, error } = await made
    .from("clients")
    .select("id, name, debts!inner(contract, creditors(name))", { count: "exact" })
    .gt("open_cents", 0)
    .order("name")
    .range(0, 4);
  assert.equal(error, null);
  assert.equal(data.length, 5);
  assert.ok(count >= 5);
  assert.ok(data[0].debts[0].creditors.name.length > 0);
});

check("accents and special characters in a filter arrive as they are", async () => {
  const made = await signedIn();
  const { data, error } = await made.from("clients").select("id").eq("name", "José & Ção, (50%) \"ñ\" + á=b?").limit(1);
  assert.equal(error, null);
  assert.deepEqual(data, []);
});

check("an insert with an id of the client's own is answered with the row", async () => {
  const made = await signedIn();
  const { data: [debtor] } = await made.from("clients").select("id").limit(1).throwOnError();
  const id = randomUUID();
  const row = { id, client_id: debtor.id, disposition_type: "dropped", notes: "conformance" };
  const { data, error, status } = await made.from("call_dispositions").insert(row).select().single();
  assert.equal(error, null);
  assert.equal(status, 201);
  assert.equal(data.id, id);
  assert.equal(data.tenant_id, settings.tenantId);
});

check("an error raised by a rule carries its name, detail and HTTP status", async () => {
  const made = await signedIn();
  const { error, status } = await made.rpc("list_clients", { filter: { unknown: 1 } });
  assert.equal(status, 400);
  assert.equal(error.message, "unknown_filter");
});

check("an unknown table is a named error", async () => {
  const { error, status } = await (await signedIn()).from("no_such_table").select();
  assert.equal(status, 404);
  assert.ok(["42P01", "PGRST205"].includes(error.code));
});

check("upsert inserts once and updates after", async () => {
  const made = await signedIn();
  const id = randomUUID();
  await made.from("conformance_notes").upsert({ id, text: "one" }).throwOnError();
  await made.from("conformance_notes").upsert({ id, text: "two" }).throwOnError();
  const { data } = await made.from("conformance_notes").select("text").eq("id", id).throwOnError();
  assert.deepEqual(data, [{ text: "two" }]);
});

check("a write without the right to it has Postgres's code, message and HTTP status", async () => {
  const { error, status } = await (await signedIn()).from("conformance_notes").delete().neq("text", "");
  assert.equal(status, 403);
  assert.equal(error.code, "42501");
  assert.match(error.message, /permission denied/);
});

check("asking for one row among many is an error and not a guess", async () => {
  const { error, status } = await (await signedIn()).from("clients").select("id").single();
  assert.equal(status, 406);
  assert.equal(error.code, "PGRST116");
});

check("another tenant's person sees none of it", async () => {
  const { data } = await (await signedIn("admin@outra.test")).from("clients").select("id").throwOnError();
  const { data: mine } = await (await signedIn()).from("clients").select("id").limit(1).throwOnError();
  assert.ok(!data.some((row) => row.id === mine[0].id));
});

// Realtime

check("a member joins the tenant's channel", async () => {
  const made = await signedIn();
  await join(made, tenantTopic).until("SUBSCRIBED");
});

check("a stranger's join is refused with a reason", async () => {
  const statuses = await join(await signedIn("admin@outra.test"), tenantTopic).until("CHANNEL_ERROR");
  assert.match(String(statuses.at(-1).error), /Unauthorized/);
});

check("a join without a session is refused", async () => {
  await join(client(), tenantTopic).until("CHANNEL_ERROR");
});

check("a public channel is refused", async () => {
  const made = await signedIn();
  const channel = made.channel(tenantTopic);
  const refused = new Promise((resolve) => {
    channel.subscribe((status, error) => status === "CHANNEL_ERROR" && resolve(error));
  });
  assert.match(String(await within(refused, "refusal")), /private/);
});

check("a broadcast from the database reaches who joined, with its event and payload", async () => {
  const made = await signedIn();
  let heard;
  const message = new Promise((resolve) => { heard = resolve; });
  await join(made, tenantTopic, heard).until("SUBSCRIBED");
  await tellDatabase("broadcast", { topic: tenantTopic, event: "client_changed", payload: { count: 3, text: "ação" } });
  const { event, payload } = await within(message, "broadcast");
  assert.equal(event, "client_changed");
  assert.equal(payload.count, 3);
  assert.equal(payload.text, "ação");
});

check("a broadcast of a transaction that was rolled back is never heard", async () => {
  const made = await signedIn();
  const heard = [];
  let last;
  const done = new Promise((resolve) => { last = resolve; });
  const listen = ({ event }) => { heard.push(event); if (event === "after") last(); };
  await join(made, tenantTopic, listen).until("SUBSCRIBED");
  await tellDatabase("broadcast", { topic: tenantTopic, event: "undone", payload: {}, rollback: true });
  await tellDatabase("broadcast", { topic: tenantTopic, event: "after", payload: {} });
  await within(done, "broadcast");
  assert.deepEqual(heard, ["after"]);
});

check("a broadcast of another topic is not heard", async () => {
  const made = await signedIn();
  const heard = [];
  let last;
  const done = new Promise((resolve) => { last = resolve; });
  const listen = ({ event }) => { heard.push(event); if (event === "mine") last(); };
  await join(made, tenantTopic, listen).until("SUBSCRIBED");
  await tellDatabase("broadcast", { topic: `tenant:${randomUUID()}`, event: "theirs", payload: {} });
  await tellDatabase("broadcast", { topic: tenantTopic, event: "mine", payload: {} });
  await within(done, "broadcast");
  assert.deepEqual(heard, ["mine"]);
});

check("what a client broadcasts itself reaches nobody", async () => {
  const sender = await signedIn();
  const reader = await signedIn("supervisor@demo.test");
  const heard = [];
  let last;
  const done = new Promise((resolve) => { last = resolve; });
  const listen = ({ event }) => { heard.push(event); if (event === "real") last(); };
  const from = join(sender, tenantTopic);
  await from.until("SUBSCRIBED");
  await join(reader, tenantTopic, listen).until("SUBSCRIBED");
  await from.channel.send({ type: "broadcast", event: "forged", payload: { cents: 1 } });
  await tellDatabase("broadcast", { topic: tenantTopic, event: "real", payload: {} });
  await within(done, "broadcast");
  assert.deepEqual(heard, ["real"]);
});

check("after the gateway was killed the client comes back by itself and hears again", async () => {
  const made = await signedIn();
  let heard;
  const message = new Promise((resolve) => { heard = resolve; });
  const link = join(made, tenantTopic, heard);
  await link.until("SUBSCRIBED");
  link.statuses.length = 0;
  await tellDatabase("restart-gateway");
  await link.until("SUBSCRIBED");
  await tellDatabase("broadcast", { topic: tenantTopic, event: "client_changed", payload: {} });
  await within(message, "broadcast");
});

check("a token that expires mid-connection closes the channel and says so", async () => {
  const sign = await tokensOf("operador@demo.test");
  const short = client();
  await short.realtime.setAuth(await sign(2));
  const link = join(short, tenantTopic);
  let system;
  const why = new Promise((resolve) => { system = resolve; });
  link.channel.on("system", {}, system);
  await link.until("SUBSCRIBED");
  assert.match((await within(why, "system message")).message, /expired/);
  await link.until("CLOSED");
});

check("a token renewed in time keeps the channel open past the old one's end", async () => {
  const sign = await tokensOf("operador@demo.test");
  const short = client();
  await short.realtime.setAuth(await sign(2));
  let heard;
  const message = new Promise((resolve) => { heard = resolve; });
  const link = join(short, tenantTopic, heard);
  await link.until("SUBSCRIBED");
  await short.realtime.setAuth(await sign(60));
  // Past the end of the first token: the claim is about that moment, so it has to come.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await tellDatabase("broadcast", { topic: tenantTopic, event: "client_changed", payload: {} });
  await within(message, "broadcast");
  assert.ok(!link.statuses.some((s) => s.status === "CLOSED"));
});

check("who loses the membership hears nothing from that moment on", async () => {
  const made = await signedIn("operador2@demo.test");
  const heard = [];
  const link = join(made, tenantTopic, ({ event }) => heard.push(event));
  await link.until("SUBSCRIBED");
  await tellDatabase("revoke", { email: "operador2@demo.test" });
  try {
    await tellDatabase("broadcast", { topic: tenantTopic, event: "secret", payload: {} });
    await link.until("CLOSED");
    assert.deepEqual(heard, []);
  } finally {
    await tellDatabase("restore", { email: "operador2@demo.test" });
  }
});

// Functions

check("functions.invoke carries the caller's token and brings the answer", async () => {
  const { error } = await (await signedIn()).functions.invoke("run-automations", { method: "POST" });
  assert.equal(error.name, "FunctionsHttpError");
  assert.equal(error.context.status, 401);
  assert.equal((await error.context.json()).error, "not_authenticated");
});

check("a function that does not exist is a 404 with a name", async () => {
  const { error } = await (await signedIn()).functions.invoke("no-such-function");
  assert.equal(error.context.status, 404);
  assert.equal((await error.context.json()).error, "function_not_found");
});

for (const { claim, body } of checks) {
  let problem = null;
  try {
    await within(body(), claim, 3 * DEADLINE_MS);
  } catch (error) {
    problem = error.stack ?? String(error);
  }
  const goodbyes = clients.splice(0).map((made) => made.removeAllChannels().then(() => made.realtime.disconnect()));
  await within(Promise.allSettled(goodbyes), "goodbye").catch((late) => (problem ??= String(late)));
  process.stdout.write(`${JSON.stringify({ claim, problem })}\n`);
}
process.exit(0);
