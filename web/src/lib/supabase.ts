import { PostgrestClient } from "@supabase/postgrest-js";
import { accessToken } from "@/lib/auth";
import { apiUrl, functionsUrl, publishableKey } from "@/lib/config";
import type { Database, Json } from "@/lib/database.types";
import { AppError, errorFromResponse } from "@/lib/errors";
import { selectedTenant } from "@/lib/tenant-choice";

// supabase-js is these same clients plus storage and edge-runtime helpers that this page never calls; taking the parts
// keeps 30 kB out of the first paint and lets auth and realtime load after it (docs/decisions/0001-component-library.md).

/** After this a request counts as lost and its outcome as unknown; the slowest screen RPC has a 15 ms budget. */
const requestTimeoutMs = 15_000;

/** Headers of a request in the caller's name; an `x-tenant-id` already there wins, to speak for another of their tenants. */
async function callersHeaders(given?: HeadersInit): Promise<Headers> {
  const headers = new Headers(given);
  headers.set("apikey", publishableKey);
  headers.set("Authorization", `Bearer ${(await accessToken()) ?? publishableKey}`);
  const tenant = selectedTenant();
  if (tenant && !headers.has("x-tenant-id")) headers.set("x-tenant-id", tenant);
  return headers;
}

async function apiFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  // A call with a signal of its own has said how long it waits.
  const signal = init.signal ?? AbortSignal.timeout(requestTimeoutMs);
  return fetch(input, { ...init, headers: await callersHeaders(init.headers), signal });
}

export const db: PostgrestClient<Database> = new PostgrestClient<Database>(`${apiUrl}/rest/v1`, { fetch: apiFetch });

interface PostgrestOutcome<Row> {
  data: Row | null;
  status: number;
  error: { message: string; code?: string; details?: string } | null;
}

/** Rows of a PostgREST answer, or an AppError with the machine code. */
export async function unwrap<Row>(request: PromiseLike<PostgrestOutcome<Row>>): Promise<Row> {
  const { data, error, status } = await request;
  if (error) throw AppError.fromPostgrest(status, error);
  return data as Row;
}

type Functions = Database["public"]["Functions"];

/** Calls a database function; one that works on very many rows names how long it may take. */
export async function rpc<Name extends keyof Functions & string>(
  name: Name,
  args: Functions[Name]["Args"],
  timeoutMs = requestTimeoutMs,
): Promise<Json> {
  return (await unwrap(db.rpc(name, args).abortSignal(AbortSignal.timeout(timeoutMs)))) as Json;
}

/** Names the shape of a jsonb answer, which the type generator cannot describe. */
export async function shaped<Answer>(answer: Promise<Json>): Promise<Answer> {
  return (await answer) as Answer;
}

/** Asks one of our functions (/functions/v1/<name>); refusals become AppErrors by their `error` code. */
async function askFunction(
  name: string,
  query: Record<string, string>,
  timeoutMs: number,
  body: BodyInit | undefined,
  stop?: AbortSignal,
): Promise<Response> {
  const url = `${functionsUrl}/${name}?${new URLSearchParams(query).toString()}`;
  const json: HeadersInit = typeof body === "string" ? { "Content-Type": "application/json" } : {};
  const init = body === undefined ? {} : { method: "POST", body };
  const headers = await callersHeaders(json);
  const late = AbortSignal.timeout(timeoutMs);
  const request = fetch(url, { ...init, headers, signal: stop ? AbortSignal.any([stop, late]) : late });
  const response = await request.catch((cause: unknown) => {
    throw new AppError("offline", 0, String(cause));
  });
  if (!response.ok) throw await errorFromResponse(response);
  return response;
}

export async function callFunction<Answer>(
  name: string,
  body: BodyInit,
  query: Record<string, string>,
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<Answer> {
  const response = await askFunction(name, query, timeoutMs, body, stop);
  return (await response.json()) as Answer;
}

/** What a function tells to a GET. */
export async function readFunction<Answer>(
  name: string,
  query: Record<string, string>,
  timeoutMs: number,
): Promise<Answer> {
  const response = await askFunction(name, query, timeoutMs, undefined);
  return (await response.json()) as Answer;
}

/** A function's file to show, not to save: a picture. */
export async function fetchFrom(name: string, body: Json, timeoutMs: number): Promise<Blob> {
  const response = await askFunction(name, {}, timeoutMs, JSON.stringify(body));
  return response.blob();
}

/** Saves a small attachment under the name the function gives it: a link could not say who asks. */
export async function downloadFrom(
  name: string,
  query: Record<string, string>,
  timeoutMs: number,
  body?: Json,
): Promise<void> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const response = await askFunction(name, query, timeoutMs, sent);
  const disposition = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  const fileName = encoded ? decodeURIComponent(encoded) : (/filename="?([^";]+)"?/i.exec(disposition)?.[1] ?? name);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = fileName;
  link.click();
  // The browser reads the address after the click returns; a minute is far more than it needs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Lets the browser save a file straight to disk, whatever its size. A plain link cannot say who asks, and a token
 * must not stand in an address: the link carries a ticket for one download within a minute. */
export async function download(
  purpose: "portfolio-export" | "portfolio-rejects" | "batch-results" | "privacy-export",
  args: Json,
): Promise<void> {
  const ticket = await shaped<string>(rpc("open_download", { purpose, arguments: args }));
  const link = document.createElement("a");
  link.href = `${functionsUrl}/${purpose}?${new URLSearchParams({ ticket }).toString()}`;
  link.download = "";
  link.click();
}
