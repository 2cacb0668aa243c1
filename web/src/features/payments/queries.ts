import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Json } from "@/lib/database.types";
import type { ChargeMethod } from "@/lib/money-shapes";
import { rpc, shaped } from "@/lib/supabase";

export type CaseKind = "paid_after_break" | "duplicate" | "overpayment" | "orphan" | "contradiction";
export type Resolution = "reactivate" | "abate" | "return" | "advance" | "assign" | "dismiss";

interface Person {
  id: string;
  name: string;
  document: string;
}

export interface Suggestion {
  installment_id: string;
  agreement_id: string;
  client: Person;
  number: number;
  due_on: string;
  amount_cents: number;
}

export interface PaymentCase {
  id: string;
  kind: CaseKind;
  amount_cents: number;
  opened_at: string;
  /** A refund has a clock. */
  due_on: string | null;
  /** What the provider told, of a contradiction. */
  details: { status_text?: string; status_code?: string; paid_on?: string | null; paid_cents?: number | null };
  agreement_id: string | null;
  client: Person | null;
  payment: {
    id: string;
    amount_cents: number;
    paid_on: string;
    reference: string | null;
    method: ChargeMethod | null;
  } | null;
  resolutions: Resolution[];
  suggestions: Suggestion[];
}

export interface Settlement {
  id: string;
  amount_cents: number;
  paid_on: string;
  evidence: string;
  agreement_id: string | null;
  is_mine: boolean;
  requested_by: string | null;
  created_at: string;
  client: Person;
}

export interface PaymentQueue {
  cases: PaymentCase[];
  settlements: Settlement[];
  count: number;
}

/** What belongs to one client is told on that client's topic; this catches what nobody here listens to. */
const refreshMs = 30_000;

export function usePaymentQueue(): UseQueryResult<PaymentQueue> {
  return useQuery({
    queryKey: ["payment-queue"],
    queryFn: () => shaped<PaymentQueue>(rpc("payment_queue", {})),
    refetchInterval: refreshMs,
  });
}

export interface Target {
  installment_id?: string;
  first_due_on?: string;
  paid_on?: string;
  amount_cents?: number;
}

export async function resolveCase(
  id: string,
  resolution: Resolution,
  reason: string,
  target: Target | null,
): Promise<void> {
  await rpc("resolve_payment_case", {
    case_id: id,
    resolution,
    reason,
    ...(target && { target: target as unknown as Json }),
  });
}

export async function decideSettlement(id: string, decision: "approve" | "reject", reason: string): Promise<void> {
  await rpc("decide_settlement", { settlement_id: id, decision, ...(reason && { reason }) });
}

/** Asks the provider for the payments of the last days, now and not at the next sweep. */
export async function requestReconciliation(): Promise<void> {
  await rpc("request_reconciliation", {});
}
