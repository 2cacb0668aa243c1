import type { AuthChangeEvent, GoTrueClient, Session } from "@supabase/auth-js";
import { apiUrl, publishableKey } from "@/lib/config";
import { firstPaint } from "@/lib/first-paint";
import { goodSession, type StoredSession } from "@/lib/stored-session";

const storageKey = "cobranca.session";

let loading: Promise<GoTrueClient> | undefined;
let loaded: GoTrueClient | undefined;

/** The client that signs in, renews and signs out. Its 24 kB are not needed to see a page with a session that is still good. */
export function authClient(): Promise<GoTrueClient> {
  loading ??= load().catch((cause: unknown) => {
    // The next one to ask tries again: the network may be back.
    loading = undefined;
    throw cause;
  });
  return loading;
}

async function load(): Promise<GoTrueClient> {
  const { GoTrueClient: Client } = await import("@supabase/auth-js");
  loaded = new Client({
    url: `${apiUrl}/auth/v1`,
    headers: { apikey: publishableKey },
    storageKey,
    flowType: "pkce",
  });
  return loaded;
}

/** The session this browser keeps, if it is good for the next requests without asking anybody. */
export function keptSession(): StoredSession | null {
  return goodSession(localStorage.getItem(storageKey), Date.now());
}

export async function accessToken(): Promise<string | null> {
  const kept = loaded ? null : keptSession();
  if (kept) return kept.access_token;
  const { data } = await (await authClient()).getSession();
  return data.session?.access_token ?? null;
}

/** Tells every change of who is signed in; where a kept session serves, only once the page is painted. Returns how to stop. */
export function watchAuth(onChange: (event: AuthChangeEvent, session: Session | null) => void): () => void {
  let stopped = false;
  let stop = (): void => undefined;
  const begin = async (): Promise<void> => {
    if (keptSession()) await firstPaint;
    const client = await authClient();
    if (stopped) return;
    const { data } = client.onAuthStateChange(onChange);
    stop = () => data.subscription.unsubscribe();
  };
  void begin();
  return () => {
    stopped = true;
    stop();
  };
}
