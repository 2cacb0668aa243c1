import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type {
  AgreementRow,
  AgreementStatus,
  ApprovalReason,
  ChargeMethod,
  OfferTotals,
  ScheduledPart,
  Statement,
} from "@/lib/money-shapes";
import { rpc, shaped } from "@/lib/supabase";

export interface AgreementFilter {
  q?: string;
  status?: AgreementStatus;
  created_by?: "me";
  due_from?: string;
  due_to?: string;
}

export interface AgreementsPage {
  rows: AgreementRow[];
  next: string | null;
  /** Only with the first page. */
  total: {
    agreements: number;
    total_cents: number;
    paid_cents: number;
    open_cents: number;
    overdue_cents: number;
  } | null;
}

export function useAgreements(filter: AgreementFilter): UseInfiniteQueryResult<InfiniteData<AgreementsPage>> {
  return useInfiniteQuery({
    queryKey: ["agreements", filter],
    queryFn: ({ pageParam }) =>
      shaped<AgreementsPage>(rpc("list_agreements", { filter: { ...filter }, ...(pageParam && { after: pageParam }) })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export interface WaitingAgreement extends AgreementRow {
  base_on: string;
  approval_reasons: ApprovalReason[];
  totals: OfferTotals;
  schedule: ScheduledPart[];
  statement: Statement;
  is_mine: boolean;
  may_approve: boolean;
  is_expired: boolean;
}

const inboxRefreshMs = 10_000;

export function useApprovalInbox(isSupervisor: boolean): UseQueryResult<{ rows: WaitingAgreement[]; count: number }> {
  return useQuery({
    queryKey: ["approval-inbox"],
    queryFn: () => shaped<{ rows: WaitingAgreement[]; count: number }>(rpc("approval_inbox", {})),
    enabled: isSupervisor,
    // A single proposal is told on its client's topic, which nobody here listens to.
    refetchInterval: inboxRefreshMs,
  });
}

export interface Charge {
  id: string;
  status: string;
  method: ChargeMethod;
  amount_cents: number;
  link: string | null;
  digitable_line: string | null;
  pix_code: string | null;
  pdf_url: string | null;
  error_code: string | null;
}

export interface Installment extends ScheduledPart {
  id: string;
  status: string;
  paid_cents: number;
  late_cents: number;
  paid_on: string | null;
  cancel_reason: string | null;
  charges: Charge[];
}

export interface Payment {
  id: string;
  amount_cents: number;
  paid_on: string;
  provider: string | null;
  method: ChargeMethod | null;
  reversed: { on: string; reason: string } | null;
  allocations: {
    installment_id: string | null;
    total_cents: number;
    before_cents: number;
    after_cents: number;
  }[];
}

export interface AgreementEvent {
  id: number;
  kind: string;
  from_status: AgreementStatus | null;
  to_status: AgreementStatus | null;
  reason: string | null;
  at: string;
  actor: string | null;
}

export interface AgreementDetail {
  agreement: AgreementRow & {
    base_on: string;
    replaces_id: string | null;
    successor_id: string | null;
    approval_reasons: ApprovalReason[];
    decision_reason: string | null;
    formalised_at: string | null;
  };
  totals: OfferTotals;
  statement: Statement;
  schedule: Installment[];
  payments: Payment[];
  history: AgreementEvent[];
}

export function useAgreement(id: string): UseQueryResult<AgreementDetail> {
  return useQuery({
    queryKey: ["agreement", id],
    queryFn: () => shaped<AgreementDetail>(rpc("agreement_page", { agreement_id: id })),
  });
}

export type Decision =
  | { outcome: "approved" | "rejected"; agreement_id: string }
  | { outcome: "expired"; agreement_id: string };

export function decide(id: string, decision: "approve" | "reject", reason?: string): Promise<Decision> {
  return shaped<Decision>(rpc("decide_agreement", { agreement_id: id, decision, ...(reason && { reason }) }));
}

export async function cancelAgreement(id: string, reason: string): Promise<void> {
  await rpc("cancel_agreement", { agreement_id: id, reason });
}

export async function reactivateAgreement(id: string, reason: string, firstDueOn: string): Promise<void> {
  await rpc("reactivate_agreement", { agreement_id: id, reason, ...(firstDueOn && { first_due_on: firstDueOn }) });
}

export async function requestCharge(installmentId: string): Promise<void> {
  await rpc("request_charges", { installment_ids: [installmentId] });
}
