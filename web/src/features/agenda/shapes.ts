import type { ContactState } from "@/lib/client-shapes";

export interface Callback {
  id: string;
  due_at: string;
  is_overdue: boolean;
  note: string | null;
  made_at: string;
  made_by: string | null;
  /** null: anyone's. */
  operator: { id: string; name: string } | null;
  /** Whose it was before it became anyone's. */
  released_from: string | null;
  is_mine: boolean;
  may_change: boolean;
  client: {
    id: string;
    name: string;
    document: string;
    open_cents: number;
    oldest_due_on: string | null;
    creditor: string | null;
    phone: string | null;
  };
  window: { allowed: boolean; opens_at?: string | null; closes_at?: string | null; reason?: string | null };
  /** Who has the client on the screen now. */
  in_service: string | null;
}

export interface CallbackPage {
  rows: Callback[];
  total: { overdue: number; later: number } | null;
  next: string | null;
}

export interface AgendaDay {
  /** Business date. */
  day: string;
  count: number;
  overdue: number;
  /** The first of them. */
  rows: Callback[];
}

/** Whose: mine, nobody's in particular, everybody's. */
export type Whose = "me" | "anyone" | "all";

export interface AgendaFilter {
  whose: Whose;
  from?: string;
  to?: string;
}

export type Hours = NonNullable<ContactState["hours"]>;

export type WhyCode =
  | "callback_mine"
  | "callback_anyone"
  | "reply_waiting"
  | "installment_due"
  | "agreement_broken"
  | "oldest_contact";

export interface NextClient {
  client_id: string;
  code: WhyCode;
  /** Due, written, broken or last spoken with; null: never spoken with. */
  at: string | null;
}

export interface NobodyNext {
  client_id: null;
  next_callback_at: string | null;
  /** While nobody may be contacted anywhere: from when on. */
  opens_at: string | null;
}
