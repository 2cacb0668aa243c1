/** What the money RPCs answer in jsonb, as several features and pictures read it. Cents and business dates throughout. */
export type Component = "principal" | "correction" | "fine" | "interest" | "collection_fee";

export const components: Component[] = ["principal", "correction", "fine", "interest", "collection_fee"];

export const componentNames: Record<Component, string> = {
  principal: "Principal",
  correction: "Correção monetária",
  fine: "Multa",
  interest: "Juros de mora",
  collection_fee: "Honorários",
};

export type Amounts = Record<`${Component}_cents`, number> & { total_cents: number };

export interface StatementLine {
  component: Component;
  base_cents: number;
  /** Before rounding. */
  exact_cents: string;
  accrued_cents: number;
  /** Left from before the last payment of principal. */
  carried_cents: number;
  paid_cents: number;
  result_cents: number;
  abated_cents?: number;
  percent?: string;
  percent_per_month?: string;
  rule?: "daily_30" | "actual_365" | "months_and_days";
  index?: "ipca" | "inpc" | "igpm";
  factor?: string;
  is_provisional?: boolean;
  since?: string;
  until?: string;
  days?: number;
}

export interface StatementDebt extends Amounts {
  debt_id: string;
  contract: string;
  installment: number;
  status: string;
  creditor: { id: string; name: string; document: string | null; address: string | null };
  due_on: string;
  effective_due_date: string;
  days_late: number;
  /** Null: nothing configured, nothing charged. */
  policy_version: number | null;
  index_table_version: string | number | null;
  prescribes_on: string;
  is_prescribed: boolean;
  lines: StatementLine[];
  text: string;
}

export interface Statement {
  on_date: string;
  debts: StatementDebt[];
  totals: Amounts & { debts: number };
  text: string;
}

export type ChargeMethod = "boleto" | "pix" | "card";

export const methodNames: Record<ChargeMethod, string> = { boleto: "Boleto", pix: "Pix", card: "Cartão" };

export interface ScheduledPart {
  number: number;
  kind: "down_payment" | "installment";
  due_on: string;
  effective_due_on: string;
  amount_cents: number;
  method: ChargeMethod;
}

export interface OfferTotals {
  before: Amounts;
  discount: Amounts;
  after: Amounts;
}

export interface ApprovalReason {
  code: string;
  asked: string;
  limit: string;
  component?: Component;
}

export type AgreementStatus =
  | "draft"
  | "pending_approval"
  | "rejected"
  | "expired"
  | "awaiting_first_payment"
  | "active"
  | "overdue"
  | "broken_provisionally"
  | "broken"
  | "settled"
  | "cancelled"
  | "replaced"
  | "lapsed";

export const agreementStatusNames: Record<AgreementStatus, string> = {
  draft: "rascunho",
  pending_approval: "aguarda aprovação",
  rejected: "recusado",
  expired: "proposta vencida",
  awaiting_first_payment: "aguarda primeiro pagamento",
  active: "em dia",
  overdue: "em atraso",
  broken_provisionally: "quebra provisória",
  broken: "quebrado",
  settled: "quitado",
  cancelled: "cancelado",
  replaced: "renegociado",
  lapsed: "caducado",
};

export interface AgreementRow {
  id: string;
  status: AgreementStatus;
  created_at: string;
  client: { id: string; name: string; document: string };
  creditor: { id: string; name: string };
  original_cents: number;
  total_cents: number;
  discount_cents: number;
  discount_percent: string;
  installments: number;
  paid_cents: number;
  open_cents: number;
  paid_installments: number;
  overdue_installments: number;
  next_due_on: string | null;
  valid_until: string;
  approval_role: "supervisor" | "admin" | null;
  created_by: { id: string; name: string } | null;
}
