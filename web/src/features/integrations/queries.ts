import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Database } from "@/lib/database.types";
import { callFunction, db, rpc, shaped, unwrap } from "@/lib/supabase";

export type Provider = Database["public"]["Enums"]["provider_name"];

export interface FormField {
  field: string;
  is_secret: boolean;
  is_required: boolean;
  /** What a value must match, all of it: the rule the database holds it to. */
  pattern: string;
  /** What an adapter of WhatsApp says of it. */
  label: string | null;
  help: string | null;
  placeholder: string | null;
}

export interface SavedSecret {
  field: string;
  /** Its last four characters, and when it was saved; a secret from before these were kept has neither. */
  ends?: string;
  at?: string;
}

export interface Connected {
  id: string;
  settings: Record<string, string>;
  is_active: boolean;
  secrets: SavedSecret[];
  last_event_at: string | null;
  silent_since: string | null;
  failing_since: string | null;
  failure_detail: string | null;
  paused_until: string | null;
  previous_key_until: string | null;
  tested_at: string | null;
  test_verdict: string | null;
}

export interface Integration {
  provider: Provider;
  /** What an adapter of WhatsApp declares of itself; null for the others. */
  words: { name: string; what: string; where: string; webhook: string } | null;
  fields: FormField[];
  connected: Connected | null;
}

export interface FreshKey {
  webhook_key: string | null;
  previous_until?: string | null;
}

export interface TestResult {
  verdict: string;
  detail: string | null;
}

export const integrationsKey = ["integrations"];

/** The provider is given ten seconds; the rest is ours. */
const testTimeoutMs = 30_000;

export function useIntegrations(): UseQueryResult<Integration[]> {
  return useQuery({
    queryKey: integrationsKey,
    queryFn: () => shaped<Integration[]>(rpc("integration_page", {})),
  });
}

/** Secrets left out are kept. The webhook's key is in the first answer only. */
export async function saveIntegration(
  provider: Provider,
  settings: Record<string, string>,
  secrets: Record<string, string>,
): Promise<FreshKey> {
  return shaped<FreshKey>(rpc("save_integration", { provider, settings, secrets }));
}

export async function rotateKey(provider: Provider, endsOldNow: boolean): Promise<FreshKey> {
  return shaped<FreshKey>(rpc("rotate_webhook_key", { provider, ends_old_now: endsOldNow }));
}

export async function setActive(id: string, isActive: boolean): Promise<void> {
  await unwrap(db.from("integrations").update({ is_active: isActive }).eq("id", id));
}

export async function testIntegration(provider: Provider): Promise<TestResult> {
  return callFunction<TestResult>("test-integration", JSON.stringify({ provider }), {}, testTimeoutMs);
}
