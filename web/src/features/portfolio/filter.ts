import type { PortfolioFilter } from "@/lib/client-filter";

export type { PortfolioFilter };

export type SortColumn =
  | "name"
  | "document"
  | "creditor"
  | "phone"
  | "open_debts"
  | "open_cents"
  | "oldest_due_on"
  | "last_contact_at"
  | "created_at";
export type Sort = SortColumn | `-${SortColumn}`;
export const defaultSort: Sort = "-open_cents";

export interface Choice {
  value: string;
  label: string;
}

/** `undefined` and empty values leave the filter. */
export function withKey<Key extends keyof PortfolioFilter>(
  filter: PortfolioFilter,
  key: Key,
  value: PortfolioFilter[Key] | undefined,
): PortfolioFilter {
  const { [key]: _before, ...rest } = filter;
  const empty =
    value === undefined ||
    value === "" ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0);
  return empty ? rest : { ...rest, [key]: value };
}

/** Filters that are lists of values, each with its count. */
export type ListKey =
  | "creditor_id"
  | "status"
  | "aging"
  | "uf"
  | "last_disposition"
  | "has_whatsapp"
  | "agreement"
  | "tag_id"
  | "assigned_to";

/** How many of the panel's filters are set; the search box and the two lists beside it are seen anyway. */
export function panelFilters(filter: PortfolioFilter): number {
  const { q: _q, creditor_id: _creditor, status: _status, ...panel } = filter;
  return Object.keys(panel).length;
}
