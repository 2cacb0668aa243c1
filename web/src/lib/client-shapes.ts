/** Shapes that several screens' RPCs answer with (jsonb, so the type generator cannot know them). */
export interface Client {
  id: string;
  document: string;
  name: string;
  email: string | null;
  external_id: string | null;
  uf: string | null;
}

export interface Phone {
  id: string;
  /** E.164 */
  phone: string;
  kind: "mobile" | "landline";
  has_whatsapp: boolean | null;
}

export type DebtStatus = "open" | "in_agreement" | "on_hold" | "prescribed" | "settled" | "returned";

export interface Debt {
  id: string;
  creditor: string;
  contract: string;
  installment: number;
  /** Business date, YYYY-MM-DD. */
  due_on: string;
  principal_cents: number;
  status: DebtStatus;
}

export const debtStatusNames: Record<DebtStatus, string> = {
  open: "em aberto",
  in_agreement: "em acordo",
  on_hold: "suspenso",
  prescribed: "prescrito",
  settled: "quitado",
  returned: "devolvido",
};

export interface ContactState {
  allowed: boolean;
  next_allowed_at: string | null;
  reason: string | null;
  /** Lawful intervals of the coming days, when the database tells them. */
  hours?: { date: string; from: string; to: string }[];
}
