import type { APIRequestContext } from "@playwright/test";

interface SignedIn {
  apikey: string;
  access_token: string;
  /** As the page keeps it. */
  kept: string;
}

/** What signing in leaves behind, without the page of it: login.spec.ts goes through that page. */
export async function sessionOf(request: APIRequestContext, email: string, password: string): Promise<SignedIn> {
  const page = await (await request.get("/login")).text();
  const apikey = /name="supabase-publishable-key" content="([^"]+)"/.exec(page)?.[1] ?? "";
  const answer = await request.post("/auth/v1/token?grant_type=password", {
    headers: { apikey },
    data: { email, password },
  });
  const kept = await answer.text();
  if (!answer.ok()) throw new Error(`${email} signs in: ${kept}`);
  const { access_token } = JSON.parse(kept) as { access_token: string };
  return { apikey, access_token, kept };
}

/** Run in the page, once in a window's life: what signs out stays signed out, and a renewed session is not undone. */
export function keepSession(kept: string): void {
  if (location.protocol === "about:" || localStorage.getItem("e2e.signed-in")) return;
  localStorage.setItem("e2e.signed-in", "yes");
  localStorage.setItem("cobranca.session", kept);
}
