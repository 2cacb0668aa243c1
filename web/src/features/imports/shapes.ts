export interface Creditor {
  id: string;
  name: string;
}

export interface ImportSummary {
  import_id: string | null;
  rows: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  clients_created: number;
  clients_updated: number;
  debts_created: number;
  debts_updated: number;
  creditors_created: number;
  /** Open titles of the file's creditors that the file does not name. */
  debts_absent: number;
  debts_returned: number;
  reject_reasons: Record<string, number>;
  differences: Differences | null;
  /** First rejects, when the function tells them with its answer (a dry run stores none). */
  rejects?: ImportReject[];
}

export interface Differences {
  /** "clients.name" → rows in which it changes. */
  fields: Record<string, number>;
  rows: ChangedRow[];
}

export interface ChangedRow {
  table: "clients" | "debts";
  document: string;
  name: string;
  contract: string | null;
  installment: number | null;
  changes: Record<string, [before: unknown, after: unknown]>;
}

export interface ImportReject {
  line: number;
  column_name: string | null;
  value: string | null;
  reason: string;
}

export interface Preview {
  sheet: string | null;
  sheets: string[];
  columns: { title: string; field: string | null; samples: string[] }[];
  rows: (string | null)[][];
  mapping: Record<string, string>;
  source: "guess" | "saved";
  questions: { field: string; candidates: string[] }[];
  /** Names in the file's creditor column that the tenant does not know yet; the first of them. */
  new_creditors: string[];
}

export type ImportStatus = "queued" | "running" | "interrupted" | "done" | "failed" | "cancelled" | "rolled_back";

/** Somebody is at it, or will be: it can be cancelled. */
export const unfinished: readonly ImportStatus[] = ["queued", "running", "interrupted"];

export interface ImportRow {
  id: string;
  file_name: string;
  status: ImportStatus;
  phase: string | null;
  created_at: string;
  accepted: number;
  rejected: number;
  rows_read: number | null;
  rows_valid: number | null;
  rows_written: number | null;
  rows_total: number | null;
  rows_per_second: number | null;
  seconds_left: number | null;
  error_code: string | null;
  cancel_requested_at: string | null;
  /** Rows of a cancelled import that stayed, because somebody acted on them while it ran. */
  rows_kept: number;
}

export interface Rollback {
  deleted: { debts: number; clients: number };
  restored: { debts: number; clients: number };
  kept: { count: number; rows: { table: string; id: string; name: string; document: string; reason: string }[] };
}

/** Everything besides the file that decides what an import does. */
export interface ImportOptions {
  creditor: string;
  sheet: string;
  absent: "leave" | "return";
  /** Empty: as guessed or saved. */
  mapping: Record<string, string>;
}
