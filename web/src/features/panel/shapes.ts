export type Unit = "count" | "cents" | "percent" | "ratio" | "seconds";
export type Section = "contact" | "agreement" | "money";
export type Part = "numerator" | "denominator";
export type Split = "" | "day" | "operator" | "creditor";

/** The definition of a number, as SQL keeps it. */
export interface Card {
  code: string;
  section: Section;
  name: string;
  sentence: string;
  formula: string;
  unit: Unit;
  date_basis: string;
  numerator_as: "events" | "clients" | "amount";
  denominator: string | null;
  denominator_as: "events" | "clients" | "amount" | null;
}

export interface Figure {
  numerator: number;
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
  groups: Group[];
}

/** Days are the agency's own. */
export interface PanelFilter {
  from: string;
  to: string;
  creditor_id?: string;
  operator_id?: string;
}

export interface BehindRow {
  source:
    | "calls"
    | "call_dispositions"
    | "message_logs"
    | "agreements"
    | "agreement_events"
    | "installments"
    | "payments";
  source_id: string;
  day: string;
  at: string;
  amount: number;
  client: { id: string; name: string; document: string } | null;
  operator: { id: string; name: string } | null;
  creditor: string | null;
}

export interface BehindPage {
  rows: BehindRow[];
  next: string | null;
}

export interface Person {
  id: string;
  name: string;
  serving: { client_id: string; client: string; document: string; since: string } | null;
  last_disposition_at: string | null;
  attempts: number;
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
  providers: {
    provider: string;
    last_event_at: string | null;
    silent_since: string | null;
    failing_since: string | null;
  }[];
}
