import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Statement } from "@/lib/money-shapes";
import { downloadFrom, rpc, shaped } from "@/lib/supabase";

export interface DayTotal {
  on_date: string;
  total_cents: number;
}

/** Today's statement without a date; while another day is on its way, the last one stays. */
export function useStatement(clientId: string, onDate: string | undefined): UseQueryResult<Statement> {
  return useQuery({
    queryKey: ["statement", clientId, onDate ?? "today"],
    queryFn: () =>
      shaped<Statement>(rpc("debt_statement", { client_id: clientId, ...(onDate && { on_date: onDate }) })),
    placeholderData: keepPreviousData,
  });
}

/** After today, which is the first entry. */
const shownDays = 30;

export function useStatementDays(clientId: string): UseQueryResult<DayTotal[]> {
  return useQuery({
    queryKey: ["statement-days", clientId],
    queryFn: () => shaped<DayTotal[]>(rpc("statement_days", { client_id: clientId, days: shownDays })),
  });
}

/** Drawing two hundred titles takes a second or two on a busy machine. */
const pdfTimeoutMs = 30_000;

export async function downloadStatement(clientId: string, onDate: string | undefined): Promise<void> {
  await downloadFrom("statement-document", {}, pdfTimeoutMs, {
    client_id: clientId,
    ...(onDate && { on_date: onDate }),
  });
}

export type Mark = "hold" | "release" | "override";

const markers = { hold: "hold_debts", release: "release_debts", override: "override_prescription" } as const;

/** Disputed: nobody collects it until released. Overridden: collected although five years have passed. */
export async function markDebt(mark: Mark, debtId: string, reason: string): Promise<void> {
  await rpc(markers[mark], { debt_ids: [debtId], reason });
}
