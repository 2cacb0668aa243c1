// The one call of the auth service's admin API that the product makes, as GoTrue answers it: the
// library has none. Whoever asks shows a token of `service_role`, which the gateway gives for the
// secret key. Deliberately absent: the rest of /admin.
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
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** {email, data} → the user, not confirmed; a mail with a token that works once. */
export async function invite(request, { sql, settings, send }) {
  if (!isService(request, settings.auth.jwt_secret)) return refusal(403, "not_admin", "User not allowed");
  const { email: typed, data = {} } = await request.json();
  const email = String(typed ?? "").trim().toLowerCase();
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) return refusal(400, "validation_failed", "invalid email");
  const token = randomBytes(28).toString("hex");
  const known = await sql`select id, email_confirmed_at from auth.users where lower(email) = ${email}`;
  if (known[0]?.email_confirmed_at)
    return refusal(422, "email_exists", "A user with this email address has already been registered");
  const id = known[0]?.id ?? randomUUID();
  if (known[0])
    await sql`update auth.users set confirmation_token = ${token}, invited_at = now(), confirmation_sent_at = now(),
      raw_user_meta_data = ${sql.json(data)} where id = ${id}`;
  else
    await sql.begin(async (tx) => {
      await tx`insert into auth.users (id, aud, role, email, encrypted_password, confirmation_token, invited_at,
        confirmation_sent_at, raw_app_meta_data, raw_user_meta_data)
        values (${id}, 'authenticated', 'authenticated', ${email}, '', ${token}, now(), now(),
        ${tx.json({ provider: "email", providers: ["email"] })}, ${tx.json(data)})`;
      await tx`insert into auth.identities (id, provider, provider_id, user_id, identity_data)
        values (${randomUUID()}, 'email', ${id}, ${id}, ${tx.json({ sub: id, email })})`;
    });
  const { subject, content_path } = settings.invite;
  const words = { SiteURL: settings.auth.site_url, TokenHash: token, Email: email, "Data.name": data.name ?? "" };
  const html = (await readFile(content_path, "utf8")).replace(/\{\{ \.([\w.]+) \}\}/g, (_, name) => escaped(words[name] ?? ""));
  await send({ to: email, subject, html });
  return Response.json({ id, aud: "authenticated", role: "authenticated", email, user_metadata: data });
}
