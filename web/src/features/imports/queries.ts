import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { PickedCreditor } from "@/lib/creditor-choices";
import { callFunction, db, download, rpc, shaped, unwrap } from "@/lib/supabase";
import {
  type Differences,
  type ImportOptions,
  type ImportReject,
  type ImportRow,
  type ImportSummary,
  type Preview,
  unfinished,
} from "./shapes";
import { kept, optionsQuery, sentOnce } from "./upload";

/** A tenant works for tens of creditors; beyond this the list needs a search box, not a longer list. */
const maxCreditors = 500;

export function useCreditors(): UseQueryResult<PickedCreditor[]> {
  return useQuery({
    queryKey: ["creditors"],
    queryFn: () => unwrap(db.from("creditors").select("id,name,is_active").order("name").limit(maxCreditors)),
    staleTime: 60_000,
  });
}

/** A file of a million rows on its way up. */
const previewTimeoutMs = 300_000;
/** No host answers later. Meanwhile the import's own row tells how it goes and how it ended. */
const importTimeoutMs = 3_600_000;

/** The file's first rows and what its columns seem to be. Asked again when creditor or sheet change, not for a mapping. */
export function usePreview(file: File | null, creditor: string, sheet: string): UseQueryResult<Preview> {
  return useQuery({
    queryKey: ["import-preview", file?.name, file?.size, file?.lastModified, creditor, sheet],
    queryFn: async ({ signal }) => {
      const asked = file as File;
      const options = { ...(creditor && { creditor }), ...(sheet && { sheet }) };
      const query = { step: "preview", keep: "true", ...options };
      const preview = await sentOnce(asked, query, (body, said) =>
        callFunction<Preview>("portfolio-import", body, said, previewTimeoutMs, signal),
      );
      if (preview.upload) kept.set(asked, preview.upload);
      return preview;
    },
    enabled: file !== null,
    retry: false,
    // A file of a million rows is looked at once for each choice, never because somebody came back to the window.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    // The file on the disk may have been mended meanwhile.
    gcTime: 0,
  });
}

export async function importPortfolio(
  file: File,
  options: ImportOptions,
  dryRun: boolean,
  importId: string,
  stop: AbortSignal,
): Promise<ImportSummary> {
  const query = { dry_run: String(dryRun), import_id: importId, absent: options.absent, ...optionsQuery(options) };
  const summary = await sentOnce(file, query, (body, said) =>
    callFunction<ImportSummary>("portfolio-import", body, said, importTimeoutMs, stop),
  );
  if (!dryRun) kept.delete(file);
  return summary;
}

const importColumns =
  "id,file_name,status,is_rehearsal,phase,created_at,accepted,rejected,rows_read,rows_valid,rows_written,rows_total,rows_per_second,seconds_left,error_code,cancel_requested_at,rows_kept,undo_done,undo_total,rolled_back";

const summaryColumns =
  "import_id:id,rows,accepted,rejected,duplicates,clients_created,clients_updated,debts_created,debts_updated,creditors_created,debts_absent,debts_returned,debts_reopened,debts_kept,reject_reasons,warnings";

/** Watched while its upload runs; null before the server knows it. */
export function useImportProgress(importId: string | null): UseQueryResult<ImportRow | null> {
  return useQuery({
    queryKey: ["imports", "one", importId],
    queryFn: () =>
      unwrap(
        db
          .from("imports")
          .select(importColumns)
          .eq("id", importId ?? "")
          .maybeSingle(),
      ) as unknown as Promise<ImportRow | null>,
    enabled: importId !== null,
  });
}

const recentImports = 8;

export function useRecentImports(): UseQueryResult<ImportRow[]> {
  // An import whose process died is told as such before the list is first read; its row's event refreshes it after.
  const asked = useQuery({
    queryKey: ["imports-alive"],
    queryFn: async () => {
      await askForTheDead();
      return true;
    },
    gcTime: 0,
  });
  return useQuery({
    queryKey: ["imports", "recent"],
    queryFn: () => {
      const newest = db.from("imports").select(importColumns).order("created_at", { ascending: false });
      // A dry run that is over is nothing to come back to.
      const told = newest.or("is_rehearsal.is.false,status.in.(queued,running)");
      return unwrap(told.limit(recentImports)) as unknown as Promise<ImportRow[]>;
    },
    enabled: !asked.isPending,
  });
}

/** More at once than an agency sends. */
const mostRunning = 5;

/** What is being read, written or taken back at this moment, by anybody of the agency. */
export function useRunningImports(enabled: boolean): UseQueryResult<ImportRow[]> {
  return useQuery({
    queryKey: ["imports", "running"],
    queryFn: () => {
      const rows = db
        .from("imports")
        .select(importColumns)
        .in("status", [...unfinished, "rolling_back"]);
      return unwrap(rows.order("created_at").limit(mostRunning)) as unknown as Promise<ImportRow[]>;
    },
    enabled,
  });
}

/** What an import came to whose own answer was lost on the way: the connection broke, or its process did. A dry run's
 * answer is kept with its row. */
export function useFinishedImport(ended: ImportRow | null): UseQueryResult<ImportSummary> {
  const importId = ended?.id;
  return useQuery({
    queryKey: ["imports", "finished", importId],
    queryFn: async () => {
      if (ended?.is_rehearsal) {
        const kept = db.from("imports").select("answer").eq("id", ended.id).single();
        return ((await unwrap(kept)) as unknown as { answer: ImportSummary }).answer;
      }
      const row = db
        .from("imports")
        .select(summaryColumns)
        .eq("id", importId ?? "");
      const [counts, differences] = await Promise.all([
        unwrap(row.single()) as unknown as Promise<Omit<ImportSummary, "differences">>,
        shaped<Differences>(rpc("import_differences", { import_id: importId ?? "" })),
      ]);
      return { ...counts, differences };
    },
    enabled: ended !== null,
  });
}

/** A process that died says nothing itself; whoever lost its answer asks. */
export async function askForTheDead(): Promise<void> {
  await rpc("imports_alive", {});
}

export async function cancelImport(importId: string): Promise<void> {
  await rpc("cancel_import", { import_id: importId });
}

export async function resumeImport(importId: string): Promise<void> {
  await rpc("resume_import", { import_id: importId });
}

/** The database gives it 15 minutes: one of a few chunks is taken back within the call. */
const rollbackTimeoutMs = 900_000;

/** A large one is only begun by it: its row then tells how far it is, and what became of it. */
export async function rollBack(importId: string): Promise<void> {
  await rpc("rollback_import", { import_id: importId }, rollbackTimeoutMs);
}

/** In the dialog; the rest is in the spreadsheet. */
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

export async function downloadRejects(importId: string): Promise<void> {
  await download("portfolio-rejects", { import_id: importId, format: "xlsx" });
}
