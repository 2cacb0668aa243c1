/** What the auth client keeps under its storage key, as far as a first request needs it. */
export interface StoredSession {
  access_token: string;
  /** Unix time in seconds. */
  expires_at: number;
  user: { id: string };
}

/** Two minutes: the auth client's own 90 seconds, and time for the request and its answer. */
const marginMs = 120_000;

/** The session in `stored` if its token is good for the next requests, else null: the auth client decides then. */
export function goodSession(stored: string | null, nowMs: number): StoredSession | null {
  if (stored === null) return null;
  const session = parsed(stored);
  if (!session?.access_token || !session.user?.id || !session.expires_at) return null;
  return session.expires_at * 1000 - nowMs > marginMs ? (session as StoredSession) : null;
}

function parsed(stored: string): { access_token?: string; expires_at?: number; user?: { id?: string } } | null {
  try {
    return JSON.parse(stored);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}
