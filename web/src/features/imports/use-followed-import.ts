import { useFinishedImport, useImportProgress } from "./queries";
import { type ImportRow, type ImportSummary, unfinished } from "./shapes";

interface Followed {
  /** null before the server knows it. */
  row: ImportRow | null | undefined;
  lives: boolean;
  /** Its code, when it came to nothing. */
  failed: string | null;
  told: { dryRun: boolean; summary: ImportSummary } | null;
}

/** How an import goes and what it came to, by its row: whoever asked for it may have lost the connection. */
export function useFollowedImport(importId: string | null, isAnswered: boolean): Followed {
  const { data: row } = useImportProgress(importId);
  const hasAnswer = row?.status === "done" || row?.status === "rehearsed";
  const { data: summary } = useFinishedImport(hasAnswer && !isAnswered ? row : null);
  const isOver = row?.status === "failed" || row?.status === "cancelled";
  return {
    row,
    lives: row != null && unfinished.includes(row.status),
    failed: isOver ? (row.error_code ?? "server_error") : null,
    told: row && summary ? { dryRun: row.is_rehearsal, summary } : null,
  };
}
