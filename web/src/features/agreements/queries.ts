import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { PickedCreditor } from "@/lib/creditor-choices";
import type { Json } from "@/lib/database.types";
import type { ChargeMethod } from "@/lib/money-shapes";
import { db, fetchFrom, rpc, shaped, unwrap } from "@/lib/supabase";
import type {
  AgreementDetail,
  AgreementFilter,
  AgreementsPage,
  ChargeSetup,
  Decision,
  Settling,
  WaitingAgreement,
} from "./shapes";

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

/** As many as a list of choices can be read through. */
const maxNames = 200;

interface FilterNames {
  creditors: PickedCreditor[];
  templates: [id: string, name: string][];
}

export function useFilterNames(): UseQueryResult<FilterNames> {
  return useQuery({
    queryKey: ["agreement-filter-names"],
    queryFn: async () => {
      const [creditors, templates] = await Promise.all([
        unwrap<PickedCreditor[]>(db.from("creditors").select("id,name,is_active").order("name").limit(maxNames)),
        unwrap<{ id: string; name: string }[]>(
          db.from("agreement_templates").select("id,name").order("name").limit(maxNames),
        ),
      ]);
      return {
        creditors,
        templates: templates.map(({ id, name }) => [id, name]),
      };
    },
  });
}

/** The bell's topic and the clients' own tell at once; this is for what neither could deliver. */
const inboxRefreshMs = 30_000;

export function useApprovalInbox(isSupervisor: boolean): UseQueryResult<{ rows: WaitingAgreement[]; count: number }> {
  return useQuery({
    queryKey: ["approval-inbox"],
    queryFn: () => shaped<{ rows: WaitingAgreement[]; count: number }>(rpc("approval_inbox", {})),
    enabled: isSupervisor,
    refetchInterval: inboxRefreshMs,
  });
}

export function useWaitingPayments(): UseQueryResult<number> {
  return useQuery({
    queryKey: ["payment-queue", "count"],
    queryFn: async () => (await shaped<{ count: number }>(rpc("payment_queue", {}))).count,
  });
}

export function useAgreement(id: string): UseQueryResult<AgreementDetail> {
  return useQuery({
    queryKey: ["agreement", id],
    queryFn: () => shaped<AgreementDetail>(rpc("agreement_page", { agreement_id: id })),
  });
}

export function useChargeSetup(clientId: string, isLiving: boolean): UseQueryResult<ChargeSetup> {
  return useQuery({
    queryKey: ["charge-setup", clientId],
    queryFn: () => shaped<ChargeSetup>(rpc("negotiation_context", { client_id: clientId })),
    enabled: isLiving,
    select: ({ methods, payer }) => ({ methods, payer }),
  });
}

/** A picture of a code never takes longer than this to draw; the rest is the way there. */
const qrTimeoutMs = 10_000;

/** An address in this browser's memory; the picture of a code never changes. */
export function useQrCode(chargeId: string): UseQueryResult<string> {
  return useQuery({
    queryKey: ["charge-qr", chargeId],
    queryFn: async () =>
      URL.createObjectURL(await fetchFrom("charge-document", { charge_id: chargeId, format: "svg" }, qrTimeoutMs)),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function decide(id: string, decision: "approve" | "reject", reason?: string): Promise<Decision> {
  return shaped<Decision>(rpc("decide_agreement", { agreement_id: id, decision, ...(reason && { reason }) }));
}

export async function cancelAgreement(id: string, reason: string): Promise<void> {
  await rpc("cancel_agreement", { agreement_id: id, reason });
}

export async function reactivateAgreement(id: string, reason: string, firstDueOn: string): Promise<void> {
  await rpc("reactivate_agreement", { agreement_id: id, reason, ...(firstDueOn && { first_due_on: firstDueOn }) });
}

/** Without a method each installment's own. */
export async function requestCharges(installmentIds: string[], method?: ChargeMethod): Promise<void> {
  await rpc("request_charges", { installment_ids: installmentIds, ...(method && { method }) });
}

export async function refreshCharge(chargeId: string): Promise<void> {
  await rpc("refresh_charge", { charge_id: chargeId });
}

export async function retryCharge(chargeId: string): Promise<void> {
  await rpc("retry_charge", { charge_id: chargeId });
}

/** The message's id is the click's own: a second click, or a repeat after a lost answer, is the same message. */
export async function sendCharge(chargeId: string, messageId: string): Promise<void> {
  await rpc("send_charge", { charge_id: chargeId, message_id: messageId });
}

export async function saveAddress(clientId: string, address: Record<string, string>): Promise<void> {
  await rpc("save_client_address", { client_id: clientId, address });
}

export async function cancelInstallment(id: string, reason: string): Promise<void> {
  await rpc("cancel_installment", { installment_id: id, reason });
}

export async function rescheduleInstallment(id: string, dueOn: string, reason: string): Promise<void> {
  await rpc("reschedule_installment", { installment_id: id, due_on: dueOn, reason });
}

export function settleManually(settlement: Settling): Promise<{ status: "pending" | "approved" }> {
  return shaped<{ status: "pending" | "approved" }>(
    rpc("settle_manually", { settlement: settlement as unknown as Json }),
  );
}

export async function reversePayment(paymentId: string, reason: string): Promise<void> {
  await rpc("reverse_payment", { payment_id: paymentId, reason });
}
