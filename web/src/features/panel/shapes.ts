export type Unit =
  | "count"
  | "cents"
  | "micros"
  | "percent"
  | "ratio"
  | "rate"
  | "seconds"
  | "hours"
  | "per_hour"
  | "cents_per_hour"
  | "days";
export type Section = "contact" | "agreement" | "money" | "hours" | "portfolio" | "cost" | "law";
export type Part = "numerator" | "denominator";
export type Split = "" | "day" | "operator" | "team" | "creditor";

/** The definition of a number, as SQL keeps it. */
export interface Card {
  code: string;
  section: Section;
  name: string;
  sentence: string;
  formula: string;
  unit: Unit;
  date_basis: string;
  numerator: string;
  numerator_as: "events" | "clients" | "amount";
  denominator: string | null;
  denominator_as: "events" | "clients" | "amount" | null;
}

export interface Figure {
  /** Nothing, when nobody wrote it down that day. */
  numerator?: number;
  denominator?: number;
  /** Nothing, when there was nothing to divide by. */
  value?: number;
}

export interface Group {
  key: string;
  label: string | null;
  kpis: Record<string, Figure>;
}

export interface Numbers {
  is_partial: boolean;
  /** The first day whose stock was written down. */
  stock_since: string | null;
  /** The first day of which somebody's hours are known. */
  hours_since: string | null;
  groups: Group[];
}

/** Days are the agency's own. */
export interface PanelFilter {
  from: string;
  to: string;
  creditor_id?: string;
  operator_id?: string;
  team_id?: string;
}

export interface BehindRow {
  source:
    | "calls"
    | "call_dispositions"
    | "message_logs"
    | "agreements"
    | "agreement_events"
    | "installments"
    | "payments"
    | "callbacks"
    | "cost_rates"
    | "operator_states"
    | "debts"
    | "clients"
    | "payment_allocations"
    | "suppressions";
  source_id: string;
  day: string;
  at: string;
  amount: number;
  client: { id: string; name: string; document: string } | null;
  operator: { id: string; name: string } | null;
  creditor: string | null;
  /** Of a title, or of what was paid of one. */
  title?: { contract: string; installment: number; due_on: string } | null;
}

export interface BehindPage {
  rows: BehindRow[];
  next: string | null;
  /** Of a stock: the record that the rows are of, and the one that was asked for. */
  day?: string | null;
  asked_day?: string | null;
}

/** What has rows: a part of a number, or a cell of the portfolio's tables. */
export type Behind =
  | { kpi: string; part: Part }
  | {
      table: "bands" | "opening" | "recovered" | "rolled" | "cohort" | "cohort_paid";
      /** Days past due, or a month of entry. */
      band: string | null;
      /** Where it went, or months since the entry. */
      outcome?: string;
    };

export interface Person {
  id: string;
  name: string;
  /** The client is null for who may not know it. */
  serving: { client_id: string | null; client: string | null; document: string | null; since: string } | null;
  /** Nothing: not at work. */
  state: { state: "available" | "serving" | "paused"; reason: string | null; since: string } | null;
  /** The last sign of life. */
  seen_at: string | null;
  last_disposition_at: string | null;
  /** Stuck: a pause without a reason, or a talk that ended long ago and has no outcome yet. */
  alarm: { kind: "pause" | "wrap_up"; since: string; usual_seconds?: number } | null;
  dispositions: number;
  right_party: number;
  agreements: number;
  agreed_cents: number;
}

export interface Waiting {
  kind: string;
  is_decision: boolean;
  count: number;
  oldest_at: string;
}

export interface Board {
  now: string;
  today: string;
  people: Person[];
  waiting: Waiting[];
  queues: { kind: string; count: number; oldest_at: string }[];
  providers: {
    provider: string;
    last_event_at: string | null;
    silent_since: string | null;
    failing_since: string | null;
  }[];
}

export interface Band {
  band: string;
  titles: number;
  cents: number;
}

export type Outcome = "forward" | "same" | "back" | "cured" | "paid" | "left";

/** The portfolio as the day began, and where the last month's balance went. */
export interface Stock {
  since: string | null;
  day: string | null;
  taken_at: string | null;
  bands: Band[];
  /** Whether the stock of the period's first day was written down: what is recovered is told as a part of it. */
  has_opening: boolean;
  /** What titles of each band, by their age as the period began, paid in it. */
  recovered: { band: string; opening_cents: number | null; received_cents: number }[];
  /** Paid by titles that came later. */
  entered_cents: number;
  rolled_from: string | null;
  rolled_to: string | null;
  rolls: { band: string; cents: number; outcomes: Partial<Record<Outcome, number>> }[];
}

/** Titles by month of entry, and what each month since then paid of them. */
export interface Cohort {
  month: string;
  titles: number;
  cents: number;
  paid: Record<string, number>;
}
