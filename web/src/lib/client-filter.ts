/** The filter of lists, selections and segments; the database refuses a key or a value that it does not know. */
export interface PortfolioFilter {
  q?: string;
  creditor_id?: string[];
  status?: string[];
  /** Bands of days late, "61-90". */
  aging?: string[];
  open_cents?: { min?: number; max?: number };
  /** Business dates of the oldest open title. */
  due_on?: { from?: string; to?: string };
  uf?: string[];
  last_contact?: { never?: true; after?: string; before?: string };
  last_disposition?: string[];
  /** "true", "false", "unknown" */
  has_whatsapp?: string[];
  has_phone?: boolean;
  opted_out?: boolean;
  /** "none", "living" or statuses of agreements. */
  agreement?: string[];
  import_id?: string;
  tag_id?: string[];
  /** A member's user id, "me" or "none". */
  assigned_to?: string[];
  /** A part of the address that is no filter: sent as it is, so that the database refuses it. */
  unknown_address?: string;
}
