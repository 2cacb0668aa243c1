import { sentences } from "./sentences";

const unknownSentence = "Algo não saiu como esperado. Tente de novo; se continuar, avise o suporte.";

export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    readonly code: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** For developers, never shown. */
    readonly detail = "",
  ) {
    super(code);
  }

  /** PostgREST answers {code, message, details}; ours carry the machine code in `message` and PTnnn in `code`. */
  static fromPostgrest(status: number, error: { message: string; code?: string; details?: string }): AppError {
    if (status === 0 || status === 408) return new AppError("offline", 0, error.message);
    // A connection that broke under a request is answered 400 without a code (PostgREST issue 4681): nobody
    // refused anything, and what an operator saved must not be given up for it.
    if (status === 400 && error.code === "") return new AppError("server_error", 503, error.message);
    const ours = error.code?.startsWith("PT") ?? false;
    const code = ours ? error.message : (platformCodes[error.code ?? ""] ?? codeFromStatus(status));
    return new AppError(code, status, error.details ?? error.message);
  }

  /** The auth service answers {code, message}; older releases of it leave the code out for a wrong password. */
  static fromAuth({ status = 0, code, message }: { status?: number; code?: string; message: string }): AppError {
    if (status === 0) return new AppError("offline", 0, message);
    const fallback = status === 400 ? "invalid_credentials" : codeFromStatus(status);
    return new AppError(code ?? fallback, status, message);
  }

  /** No answer, or one that says nothing about the request itself: trying again may work. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

/** Codes of Postgres and PostgREST themselves that a person can meet. */
const platformCodes: Record<string, string> = {
  "42501": "not_allowed",
  // A client of another tenant is as unknown as one that never was.
  "23503": "client_not_found",
  "23505": "name_taken",
  PGRST301: "session_expired",
  PGRST303: "session_expired",
};

function codeFromStatus(status: number): string {
  if (status === 401) return "session_expired";
  if (status === 403) return "not_allowed";
  if (status === 404) return "not_found";
  if (status === 429) return "too_many_requests";
  return status >= 500 ? "server_error" : "unexpected_answer";
}

export async function errorFromResponse(response: Response): Promise<AppError> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown };
    if (typeof body.error === "string") return new AppError(body.error, response.status, String(body.detail ?? ""));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return new AppError(codeFromStatus(response.status), response.status, text.slice(0, 200));
}

export function sentenceFor(error: unknown): string {
  return error instanceof AppError ? (sentences[error.code] ?? unknownSentence) : unknownSentence;
}
