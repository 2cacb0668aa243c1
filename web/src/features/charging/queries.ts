import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { PickedCreditor } from "@/lib/creditor-choices";
import type { Database, Json } from "@/lib/database.types";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

type Tables = Database["public"]["Tables"];
export type ChargePolicy = Tables["charge_policies"]["Row"];
export type AgreementPolicy = Tables["agreement_policies"]["Row"];
export type Limits = Tables["approval_limits"]["Row"];
export type Template = Tables["agreement_templates"]["Row"];
export type Holiday = Tables["tenant_holidays"]["Row"];
export type Role = Limits["role"];
export type IndexName = "ipca" | "inpc" | "igpm";

/** The rules of one creditor, or the agency's own: null. */
export type Scope = string | null;

export const chargingKey = ["charging"];

/** More versions, offers or holidays than an agency makes in ten years. */
const maxRows = 300;

export function useCreditors(): UseQueryResult<PickedCreditor[]> {
  return useQuery({
    queryKey: [...chargingKey, "creditors"],
    queryFn: () => unwrap(db.from("creditors").select("id,name,is_active").order("name").limit(maxRows)),
  });
}

export interface Charging {
  /** Newest first; the creditor's own, and the agency's that stand in where it has none. */
  chargePolicies: ChargePolicy[];
  agreementPolicies: AgreementPolicy[];
  limits: Limits[];
  templates: Template[];
}

export function useCharging(scope: Scope): UseQueryResult<Charging> {
  const filter = scope === null ? "creditor_id.is.null" : `creditor_id.is.null,creditor_id.eq.${scope}`;
  // A creditor's own rows before the agency's.
  const ownFirst = { nullsFirst: false };
  const newest = { ascending: false };
  return useQuery({
    queryKey: [...chargingKey, "rules", scope],
    queryFn: async () => {
      const [chargePolicies, agreementPolicies, limits, templates] = await Promise.all([
        unwrap(
          db
            .from("charge_policies")
            .select()
            .or(filter)
            .order("creditor_id", ownFirst)
            .order("version", newest)
            .limit(maxRows),
        ),
        unwrap(
          db
            .from("agreement_policies")
            .select()
            .or(filter)
            .order("creditor_id", ownFirst)
            .order("version", newest)
            .limit(maxRows),
        ),
        unwrap(db.from("approval_limits").select().or(filter).order("creditor_id", ownFirst).limit(maxRows)),
        unwrap(db.from("agreement_templates").select().or(filter).order("position").order("name").limit(maxRows)),
      ]);
      return { chargePolicies, agreementPolicies, limits, templates };
    },
  });
}

export type Values = Record<string, Json>;

export function saveChargePolicy(policy: Values): Promise<{ version: number; valid_from: string }> {
  return shaped<{ version: number; valid_from: string }>(rpc("save_charge_policy", { policy }));
}

/** How many running agreements a change of deadlines would move. */
export interface PolicyPreview {
  living: number;
  would_break: number;
  would_lapse: number;
  would_wait: number;
  would_change: number;
}

export function previewAgreementPolicy(policy: Values): Promise<PolicyPreview> {
  return shaped<PolicyPreview>(rpc("preview_agreement_policy", { policy }));
}

export function saveAgreementPolicy(policy: Values, appliesTo: "new" | "existing"): Promise<{ version: number }> {
  return shaped<{ version: number }>(rpc("save_agreement_policy", { policy, applies_to: appliesTo }));
}

export async function saveLimits(known: Limits | undefined, role: Role, scope: Scope, values: Values): Promise<void> {
  const row = values as Tables["approval_limits"]["Update"];
  // A creditor without limits of its own gets them; the agency's stay as they are.
  if (known && known.creditor_id === scope)
    await unwrap(db.from("approval_limits").update(row).eq("id", known.id).select("id"));
  else await unwrap(db.from("approval_limits").insert({ ...row, role, creditor_id: scope }));
}

export async function saveTemplate(id: string | null, scope: Scope, values: Values): Promise<void> {
  const row = values as Tables["agreement_templates"]["Update"];
  if (id) await unwrap(db.from("agreement_templates").update(row).eq("id", id).select("id"));
  else await unwrap(db.from("agreement_templates").insert({ ...row, name: String(values.name), creditor_id: scope }));
}

export function useHolidays(): UseQueryResult<Holiday[]> {
  return useQuery({
    queryKey: [...chargingKey, "holidays"],
    queryFn: () =>
      unwrap(
        db.from("tenant_holidays").select().is("revoked_at", null).order("day", { ascending: true }).limit(maxRows),
      ),
  });
}

export async function addHoliday(day: string, name: string): Promise<void> {
  await unwrap(db.from("tenant_holidays").insert({ day, name }));
}

export async function revokeHoliday(id: string, at: string): Promise<void> {
  await unwrap(db.from("tenant_holidays").update({ revoked_at: at }).eq("id", id).select("id"));
}

export interface LastFactor {
  month: string;
  percent: number;
  revision: number;
}

/** Two years of months, with room for their revisions. */
const shownFactors = 36;

export function useFactors(index: IndexName): UseQueryResult<LastFactor[]> {
  return useQuery({
    queryKey: [...chargingKey, "factors", index],
    queryFn: () =>
      unwrap(
        db
          .from("index_factors")
          .select("month,percent,revision")
          .eq("index_name", index)
          .order("month", { ascending: false })
          .order("revision", { ascending: false })
          .limit(shownFactors),
      ),
  });
}

/** Answers how many months were new or changed. */
export async function loadFactors(index: IndexName, factors: Record<string, string>): Promise<number> {
  return shaped<number>(rpc("load_index_factors", { index_name: index, factors }));
}
