import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { DebtStatus } from "@/lib/client-shapes";
import { callFunction, db, rpc, shaped, unwrap } from "@/lib/supabase";

export interface PortfolioFilter {
  q?: string;
  creditor_id?: string;
  status?: DebtStatus;
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
  phone: string | null;
  last_disposition: { type: string; at: string } | null;
}

export interface PortfolioPage {
  rows: PortfolioRow[];
  next: string | null;
  /** Only with the first page. A count of a huge selection is an estimate, and then has no sums. */
  total: { clients: number; debts: number | null; open_cents: number | null; is_estimate: boolean } | null;
}

/** Two screens of dense rows: the next page is there before the eye is. */
const pageSize = 60;

export function usePortfolio(filter: PortfolioFilter): UseInfiniteQueryResult<InfiniteData<PortfolioPage>> {
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: ["portfolio", filter],
      queryFn: ({ pageParam }) =>
        shaped<PortfolioPage>(
          rpc("list_clients", { filter: { ...filter }, page_size: pageSize, ...(pageParam && { after: pageParam }) }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next,
      placeholderData: keepPreviousData,
    }),
  );
}

export interface Creditor {
  id: string;
  name: string;
}

/** A tenant works for tens of creditors; beyond this the list needs a search box, not a longer list. */
const maxCreditors = 500;

export function useCreditors(): UseQueryResult<Creditor[]> {
  return useQuery({
    queryKey: ["creditors"],
    queryFn: () => unwrap<Creditor[]>(db.from("creditors").select("id,name").order("name").limit(maxCreditors)),
    staleTime: 60_000,
  });
}

export interface ImportSummary {
  import_id: string | null;
  status: "running" | "done" | "failed";
  rows: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  clients_created: number;
  clients_updated: number;
  debts_created: number;
  debts_updated: number;
  creditors_created: number;
  reject_reasons: Record<string, number>;
  /** First rejects, when the function tells them with its answer (a dry run stores none). */
  rejects?: ImportReject[];
}

export interface ImportReject {
  line: number;
  column_name: string | null;
  value: string | null;
  reason: string;
}

/** A million rows take this long on a small machine; the answer comes when all of them are in. */
const importTimeoutMs = 300_000;

export async function importPortfolio(file: File, creditor: string, dryRun: boolean): Promise<ImportSummary> {
  const body = new FormData();
  body.set("file", file);
  const query = { dry_run: String(dryRun), ...(creditor ? { creditor } : {}) };
  return callFunction<ImportSummary>("portfolio-import", body, query, importTimeoutMs);
}

/** Shown in the dialog; the rest is in the spreadsheet of rejects. */
const maxRejects = 200;

export async function importRejects(importId: string): Promise<ImportReject[]> {
  return unwrap<ImportReject[]>(
    db
      .from("import_rejects")
      .select("line,column_name,value,reason")
      .eq("import_id", importId)
      .order("line")
      .limit(maxRejects),
  );
}
