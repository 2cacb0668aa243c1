import type {
  AgreementRow,
  AgreementStatus,
  ApprovalReason,
  ChargeMethod,
  OfferTotals,
  ScheduledPart,
  Statement,
} from "@/lib/money-shapes";

/** As list_agreements takes it; from an address it may hold anything, and the server refuses what it does not know. */
export interface AgreementFilter {
  q?: string;
  status?: string;
  creditor_id?: string;
  template_id?: string;
  due_from?: string;
  due_to?: string;
  created_from?: string;
  created_to?: string;
  /** A member's id, or "me". */
  created_by?: string;
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

export interface Charge {
  id: string;
  status: string;
  is_wanted: boolean;
  method: ChargeMethod;
  amount_cents: number;
  due_on: string;
  link: string | null;
  digitable_line: string | null;
  pix_code: string | null;
  pdf_url: string | null;
  error_code: string | null;
  next_attempt_at: string | null;
}

export interface Installment extends ScheduledPart {
  id: string;
  status: "open" | "paid" | "cancelled";
  paid_cents: number;
  late_cents: number;
  paid_on: string | null;
  cancel_reason: string | null;
  cancelling_reason: string | null;
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
    debt_id: string | null;
    total_cents: number;
    before_cents: number;
    after_cents: number;
  }[];
}

export interface Settlement {
  id: string;
  status: "pending" | "approved" | "rejected";
  amount_cents: number;
  paid_on: string;
  evidence: string;
  installment_id: string | null;
  decision_reason: string | null;
  is_mine: boolean;
  requested_by: string | null;
}

export interface AgreementEvent {
  id: number;
  kind: string;
  from_status: AgreementStatus | null;
  to_status: AgreementStatus | null;
  reason: string | null;
  details: Record<string, unknown> | null;
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
  debts: { debt_id: string; contract: string; installment: number }[];
  statement: Statement;
  schedule: Installment[];
  payments: Payment[];
  cases: { id: string; kind: string; amount_cents: number }[];
  settlements: Settlement[];
  history: AgreementEvent[];
}

/** What issuing a charge needs to know beforehand. */
export interface ChargeSetup {
  /** Null: the provider is not connected. */
  methods: ChargeMethod[] | null;
  payer: { cep?: string; phone: string | null };
}

export interface Settling {
  /** Made once per form, so that a second click is the same request. */
  id: string;
  client_id: string;
  installment_id: string;
  amount_cents: number;
  paid_on: string;
  evidence: string;
}

export type Decision =
  | { outcome: "approved" | "rejected"; agreement_id: string }
  | { outcome: "expired"; agreement_id: string };
