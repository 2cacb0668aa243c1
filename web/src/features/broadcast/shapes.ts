export type BatchStatus = "awaiting_confirmation" | "scheduled" | "sending" | "paused" | "done" | "cancelled";

/** The numbers of a batch; each is also a list of people. */
export type Outcome =
  | "queued"
  | "sent"
  | "delivered"
  | "read"
  | "answered"
  | "failed"
  | "unknown"
  | "skipped"
  | "excluded";

export interface Reason {
  kind: "failed" | "skipped" | "excluded" | "waiting";
  reason: string;
  /** Of a failure: transient is worth another try. */
  class: string | null;
  count: number;
}

export interface Numbers extends Record<Outcome, number> {
  selected: number;
  done: number;
  /** Of the queued, who waits for the hour or a cap. */
  held: number;
  retryable: number;
  /** Of the failed, whom the provider never answered about: some may have it. */
  doubtful: number;
  spent_micros: number;
  rate_per_second: number;
  seconds_left: number | null;
  next_due_at: string | null;
  reasons: Reason[];
}

export interface Cost {
  category: string;
  currency: string;
  /** Millionths of the currency. */
  price_micros: number;
  total_micros: number;
  /** Business date. */
  valid_from: string;
  is_own: boolean;
  in_window: number;
  is_free_in_window: boolean;
}

export interface Confirmation {
  above: number;
  /** Whom the author's other sends of the day reach. */
  already: number;
  is_needed: boolean;
  /** Who may confirm, besides the person who asks. */
  people: string[];
}

interface Person {
  user_id: string;
  name: string | null;
}

export interface BatchSender {
  id: string;
  name: string;
  phone: string;
  state: "active" | "paused" | "disabled";
  paused_reason: string | null;
  paused_detail: string | null;
  /** The provider asked for patience. */
  paused_until: string | null;
}

export interface Batch {
  id: string;
  name: string;
  status: BatchStatus;
  scheduled_at: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  last_progress_at: string | null;
  includes_agreements: boolean;
  forecast: Partial<Cost> & { eligible?: number };
  is_stalled: boolean;
  created_by: Person;
  confirmed_by: Person | null;
  cancelled_by: Person | null;
  refusal_reason: string | null;
  confirmation: Confirmation | null;
  may_confirm: boolean;
  sender: BatchSender;
  template: { id: string; name: string; category: string };
  numbers: Numbers;
}

export interface BatchList {
  rows: Batch[];
  next: string | null;
}

export interface BatchFilter {
  status?: BatchStatus;
  q?: string;
  mine?: true;
}

export interface Result {
  client_id: string;
  name: string;
  document: string;
  phone: string | null;
  outcome: string;
  reason: string | null;
  error_detail: string | null;
  not_before: string;
  submitted_at: string | null;
  sent_at: string | null;
  delivered_at: string | null;
  read_at: string | null;
  answered_at: string | null;
  failed_at: string | null;
}

export interface ResultPage {
  rows: Result[];
  next: string | null;
}

export interface ResultFilter {
  outcome?: Outcome;
  reason?: string;
}

export interface Sender extends BatchSender {
  provider: string;
  quality: string;
  throughput_per_second: number;
  is_default: boolean;
}

export interface Template {
  id: string;
  provider: string;
  name: string;
  language: string;
  category: string;
  body: string;
  variables: string[];
  obstacle: string | null;
  /** The numbers that may send it: those of its account. */
  sender_ids: string[];
}

export interface Example {
  client_id: string;
  name: string;
  body: string;
}

export interface Wait {
  reason: string;
  uf: string | null;
  opens_at: string | null;
  count: number;
}

export interface Forecast {
  selected: number;
  eligible: number;
  is_estimate: boolean;
  excluded: { reason: string; count: number }[];
  waits: Wait[];
  /** At the sender's pace, were nobody to wait. */
  seconds: number;
  examples: Example[];
  cost: Cost | null;
  confirmation: Confirmation;
}

export interface Segment {
  id: string;
  name: string;
  filter: object;
}
