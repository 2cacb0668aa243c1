// The auth service's two mails that the product asks for, as GoTrue answers: the library has no
// admin API, and writes its own words. Who invites shows a token of `service_role`, which the
// gateway gives for the secret key. Deliberately absent: the rest of /admin, and accounts made by a
// one-time code.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";

function refusal(status, error_code, msg) {
  return Response.json({ code: status, error_code, msg }, { status });
}

function isService(request, secret) {
  const [head, body, signature] = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "").split(".");
  if (!signature) return false;
  const expected = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  return claims.role === "service_role" && claims.exp > Date.now() / 1000;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** What the templates say: {{ .Email }}, and {{ .Data.name }} of the account's own data. */
async function mail({ settings, send }, template, email, data, token) {
  const words = { SiteURL: settings.auth.site_url, TokenHash: token, Email: email };
  for (const [name, value] of Object.entries(data)) words[`Data.${name}`] = String(value ?? "");
  const { subject, content_path } = settings.templates[template];
  const html = (await readFile(content_path, "utf8")).replace(/\{\{ \.([\w.]+) \}\}/g, (_, name) => escaped(words[name] ?? ""));
  await send({ to: email, subject, html });
}

/** {email, data} → the user, not confirmed; a mail with a token that works once. */
export async function invite(request, tools) {
  const { sql, settings } = tools;
  if (!isService(request, settings.auth.jwt_secret)) return refusal(403, "not_admin", "User not allowed");
  const { email: typed, data = {} } = await request.json();
  const email = String(typed ?? "").trim().toLowerCase();
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) return refusal(400, "validation_failed", "invalid email");
  const token = randomBytes(28).toString("hex");
  const known = await sql`select id, email_confirmed_at, raw_user_meta_data from auth.users where lower(email) = ${email}`;
  if (known[0]?.email_confirmed_at)
    return refusal(422, "email_exists", "A user with this email address has already been registered");
  const id = known[0]?.id ?? randomUUID();
  // As GoTrue: data is of a new account alone.
  const own = known[0]?.raw_user_meta_data ?? data;
  if (known[0])
    await sql`update auth.users set confirmation_token = ${token}, invited_at = now(), confirmation_sent_at = now()
      where id = ${id}`;
  else
    await sql.begin(async (tx) => {
      await tx`insert into auth.users (id, aud, role, email, encrypted_password, confirmation_token, invited_at,
        confirmation_sent_at, raw_app_meta_data, raw_user_meta_data)
        values (${id}, 'authenticated', 'authenticated', ${email}, '', ${token}, now(), now(),
        ${tx.json({ provider: "email", providers: ["email"] })}, ${tx.json(data)})`;
      await tx`insert into auth.identities (id, provider, provider_id, user_id, identity_data)
        values (${randomUUID()}, 'email', ${id}, ${id}, ${tx.json({ sub: id, email })})`;
    });
  await mail(tools, "invite", email, own, token);
  return Response.json({ id, aud: "authenticated", role: "authenticated", email, user_metadata: own });
}

/** {email, create_user: false} → {}; a mail to whoever has an account. */
export async function remind(request, tools) {
  const { email: typed } = await request.json();
  const email = String(typed ?? "").trim().toLowerCase();
  const [known] = await tools.sql`select id, raw_user_meta_data, recovery_sent_at > now() - interval '1 minute' as is_soon
    from auth.users where lower(email) = ${email} and email_confirmed_at is not null`;
  if (!known) return refusal(422, "otp_disabled", "Signups not allowed for otp");
  // Whoever invites is not told: GoTrue says it of accounts alone.
  if (known.is_soon)
    return refusal(429, "over_email_send_rate_limit", "For security purposes, you can only request this once a minute");
  await tools.sql`update auth.users set recovery_sent_at = now() where id = ${known.id}`;
  await mail(tools, "magic_link", email, known.raw_user_meta_data ?? {}, randomBytes(28).toString("hex"));
  return Response.json({});
}
