import type { DebtStatus } from "@/lib/client-shapes";

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
  /** Returned by their absence from an earlier file, and named by this one. */
  debts_reopened: number;
  /** Named and left alone because of their status: {status: titles}. */
  debts_kept: Partial<Record<DebtStatus, number>>;
  reject_reasons: Record<string, number>;
  /** Cells that were left out of accepted lines; empty before the file was read. */
  warnings: { name_invalid?: number; email_invalid?: number; phone_invalid?: number };
  differences: Differences | null;
  /** The first of them. */
  rejects?: ImportReject[];
}

export interface Differences {
  /** "clients.name" → rows in which it changes. */
  fields: Record<string, number>;
  rows: ChangedRow[];
  /** The first titles that stay as they are, with what the file says otherwise. */
  kept: KeptTitle[];
}

export interface KeptTitle {
  document: string;
  name: string;
  contract: string;
  installment: number;
  status: DebtStatus;
  changes: Record<string, [stored: unknown, said: unknown]>;
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
  /** By which the file is named from here on. */
  upload?: string;
}

export type ImportStatus =
  | "queued"
  | "running"
  | "interrupted"
  | "done"
  | "failed"
  | "cancelled"
  | "rolling_back"
  | "rolled_back"
  | "rehearsed";

/** Somebody is at it, or will be: it can be cancelled. */
export const unfinished: readonly ImportStatus[] = ["queued", "running", "interrupted"];

/** What stands in the carteira can go back: a whole import, or the rest of one whose taking back stopped. */
export function mayUndo({ status, error_code }: Pick<ImportRow, "status" | "error_code">): boolean {
  return status === "done" || (error_code === "rollback_stopped" && (status === "cancelled" || status === "failed"));
}

export interface ImportRow {
  id: string;
  /** Null when a program sent rows, not a file. */
  file_name: string | null;
  status: ImportStatus;
  /** A dry run: nothing is written for it. */
  is_rehearsal: boolean;
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
  /** People looked at while it is taken back, of how many. */
  undo_done: number;
  undo_total: number | null;
  rolled_back: Rollback | null;
}

export interface Rollback {
  deleted: { debts: number; clients: number };
  restored: { debts: number; clients: number };
  kept: { count: number; rows: KeptRow[] };
}

/** A row of an import that stays when it is taken back: somebody, or a later file, needs it. */
export interface KeptRow {
  table: "clients" | "client_phones" | "debts" | "creditors";
  id: string;
  name: string;
  contract: string | null;
  reason: string;
}

/** Everything besides the file that decides what an import does. */
export interface ImportOptions {
  /** Id of one of the tenant's; empty: the file's column tells. */
  creditor: string;
  /** Name of one that this import creates, admins only; null: none is created by name. */
  newCreditor: string | null;
  sheet: string;
  absent: "leave" | "return";
  /** Empty: as guessed or saved. */
  mapping: Record<string, string>;
}
