import type { DebtStatus } from "@/lib/client-shapes";
import type { PickedCreditor } from "@/lib/creditor-choices";
import type { Role } from "@/lib/session";
import type { PortfolioFilter, Sort } from "./filter";

export interface TagName {
  id: string;
  name: string;
  color: string;
}

export interface PortfolioRow {
  id: string;
  document: string;
  name: string;
  external_id: string | null;
  creditors: string[];
  open_cents: number;
  open_debts: number;
  /** Business date. */
  oldest_due_on: string | null;
  days_late: number | null;
  status: DebtStatus;
  phone: string | null;
  opted_out: boolean;
  last_disposition: { type: string; label: string; color: string; at: string } | null;
  assigned_to: { user_id: string; name: string } | null;
  tags: TagName[];
}

export interface PortfolioPage {
  rows: PortfolioRow[];
  next: string | null;
}

export interface Totals {
  clients: number;
  debts: number | null;
  open_cents: number | null;
  is_estimate: boolean;
}

/** Facet → value → clients that match it and every other filter. */
export interface FilterCounts {
  is_estimate: boolean;
  facets: Record<string, Record<string, number>>;
}

export interface FilterOptions {
  creditors: PickedCreditor[];
  tags: TagName[];
  members: { user_id: string; name: string; role: Role }[];
  dispositions: { key: string; label: string; color: string }[];
  /** Clients: whom it touched; null for those of before that was counted. */
  imports: { id: string; file_name: string | null; created_at: string; clients: number | null }[];
  ufs: string[];
  agings: string[];
  agreements: string[];
}

export type BulkAction = "dialer" | "whatsapp" | "assign" | "tag" | "export";
/** A message to many has a room of its own. */
export type DialogAction = Exclude<BulkAction, "whatsapp">;

export interface Eligibility {
  selected: number;
  eligible: number;
  is_estimate: boolean;
  excluded: { reason: string; count: number }[];
  next_allowed_at: string | null;
}

export interface BulkOutcome {
  selected: number;
  changed: number;
}

export interface AssignOutcome extends BulkOutcome {
  /** Left where they were: the colleague does not see their creditors. */
  hidden: number;
}

export interface Segment {
  id: string;
  owner_id: string;
  name: string;
  filter: PortfolioFilter;
  sort: Sort;
  is_shared: boolean;
}

/** Of one download of the caller's own: whether all of it arrived. */
export interface ExportOutcome {
  /** "refused" is the page's own: nobody has begun it, and its ticket has ended. */
  state: "waiting" | "running" | "complete" | "incomplete" | "refused";
  clients: number | null;
}
