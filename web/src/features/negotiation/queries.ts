import { queryOptions } from "@tanstack/react-query";
import type { Json } from "@/lib/database.types";
import type {
  Amounts,
  ApprovalReason,
  ChargeMethod,
  Component,
  OfferTotals,
  ScheduledPart,
  Statement,
} from "@/lib/money-shapes";
import type { Role } from "@/lib/session";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { Draft, SimulationInput } from "./proposal";

export type Interval = "weekly" | "biweekly" | "monthly";

export interface Template extends Record<`${Component}_percent`, number> {
  id: string;
  name: string;
  max_installments: number;
  min_down_payment_cents: number;
  min_down_payment_percent: number;
  due_interval: Interval;
  is_applicable: boolean;
}

export interface BestOffer {
  source: "limits" | "template";
  template_id: string | null;
  name: string | null;
  discounts: Record<Component, number>;
  total_cents: number;
  discount_cents: number;
  discount_percent: string;
}

export interface Offer {
  creditor: { id: string; name: string };
  debt_ids: string[];
  templates: Template[];
  best: BestOffer | null;
}

export interface NegotiationContext {
  on_date: string;
  statement: Statement;
  offers: Offer[];
  /** Null: the provider is not connected. */
  methods: ChargeMethod[] | null;
  /** Without a complete address no charge can be registered. */
  payer: { cep?: string };
  draft: Draft | null;
}

/** What is renegotiated; its titles are its own until the new agreement stands. */
export interface Replaced {
  id: string;
  creditor: { id: string; name: string };
  debt_ids: string[];
}

export type RoleLimits = Record<`${Component}_percent`, number> & { role: Role; max_installments: number };

export interface Simulation {
  /** Given back untouched. */
  proposal: Json;
  proposal_hash: string;
  valid_until: string;
  debts: ({ debt_id: string; contract: string; installment: number } & Record<
    "before" | "discount" | "after",
    Amounts
  >)[];
  totals: OfferTotals;
  original_cents: number;
  discount_cents: number;
  financing_cents: number;
  total_cents: number;
  discount_percent: string;
  schedule: ScheduledPart[];
  obstacles: { code: string; debt_id: string }[];
  approval_reasons: ApprovalReason[];
  approval_role: "supervisor" | "admin" | null;
  is_allowed: boolean;
  warnings: string[];
  best: BestOffer | null;
}

export type ProposalAnswer =
  | { outcome: "active" | "pending_approval"; agreement_id: string; approval_role: "supervisor" | "admin" | null }
  | { outcome: "repriced"; simulation: Simulation };

export function negotiationQuery(clientId: string) {
  return queryOptions({
    queryKey: ["negotiation", clientId],
    queryFn: () => shaped<NegotiationContext>(rpc("negotiation_context", { client_id: clientId })),
  });
}

/** Who may grant how much of a creditor's discount: its own rows before the tenant's. */
export function limitsQuery(creditorId: string) {
  return queryOptions({
    queryKey: ["approval-limits", creditorId],
    queryFn: async () => {
      const percents =
        "principal_percent,correction_percent,fine_percent,interest_percent,collection_fee_percent" as const;
      const rows = await unwrap(
        db
          .from("approval_limits")
          .select(`role,creditor_id,max_installments,${percents}`)
          .or(`creditor_id.is.null,creditor_id.eq.${creditorId}`)
          .order("creditor_id", { nullsFirst: true }),
      );
      return new Map<Role, RoleLimits>(rows.map((row) => [row.role, row]));
    },
  });
}

export function simulationQuery(input: SimulationInput | null) {
  return queryOptions({
    queryKey: ["simulation", input],
    queryFn: () => shaped<Simulation>(rpc("simulate_agreement", input as SimulationInput)),
    enabled: input !== null,
    // A price is of its moment: money may have come in since.
    staleTime: 0,
    placeholderData: (last: Simulation | undefined) => last,
  });
}

export function propose(simulation: Pick<Simulation, "proposal" | "proposal_hash">): Promise<ProposalAnswer> {
  const { proposal, proposal_hash } = simulation;
  return shaped<ProposalAnswer>(rpc("propose_agreement", { proposal, proposal_hash }));
}

/** One draft per person and client; an upsert would need rights over the columns that never change. */
export async function saveDraft(clientId: string, draft: Draft): Promise<void> {
  const content = draft as unknown as Json;
  const changed = await unwrap(
    db
      .from("negotiation_drafts")
      .update({ content, updated_at: new Date().toISOString() })
      .eq("client_id", clientId)
      .select("id"),
  );
  if (changed.length === 0) await unwrap(db.from("negotiation_drafts").insert({ client_id: clientId, content }));
}

export async function saveAddress(clientId: string, address: Record<string, string>): Promise<void> {
  await rpc("save_client_address", { client_id: clientId, address });
}

export async function dropDraft(clientId: string): Promise<void> {
  await unwrap(db.from("negotiation_drafts").delete().eq("client_id", clientId));
}
