import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import classes from "./import-dialog.module.css";
import { cancelImport, resumeImport, useImportProgress } from "./queries";
import type { ImportRow } from "./shapes";

/** Told by the server's events; nothing here asks in a circle. */
export function ImportProgress({ importId }: { importId: string }): ReactNode {
  const { tenant } = useMember();
  const { data: row } = useImportProgress(importId);
  useLiveQueries(`tenant:${tenant.id}`, [["imports"]], (event) => (event === "import_changed" ? [["imports"]] : []));
  const cancel = useMutation({ mutationFn: () => cancelImport(importId) });
  const resume = useMutation({ mutationFn: () => resumeImport(importId) });
  const error = cancel.error ?? resume.error;
  // What failed while it wrote goes back by the same way as what was cancelled.
  const leaving = cancel.isSuccess || Boolean(row?.cancel_requested_at) || isGoingBack(row);
  return (
    <section className={classes.progress} aria-label="Andamento da importação">
      <p role="status">{leaving ? goesBack(row) : whatHappens(row)}</p>
      <progress max={100} value={row?.rows_total ? percent(row) : undefined} aria-label="Andamento" />
      {row && (
        <p className={classes.note}>
          {count(row.rows_read ?? 0)} lidas · {count(row.rows_valid ?? 0)} conferidas · {count(row.rows_written ?? 0)}{" "}
          {row.is_rehearsal ? "comparadas" : "gravadas"}
          {row.rows_per_second ? ` · ${plural(row.rows_per_second, "linha", "linhas")} por segundo` : ""}
          {row.seconds_left !== null && ` · faltam ${plural(Math.ceil(row.seconds_left), "segundo", "segundos")}`}
        </p>
      )}
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      {row && (
        <div className={classes.actions}>
          <Button variant="default" loading={cancel.isPending || leaving} onClick={() => cancel.mutate()}>
            {row.is_rehearsal ? "Cancelar conferência" : "Cancelar importação"}
          </Button>
          {row.status === "interrupted" && !leaving && (
            <Button loading={resume.isPending} onClick={() => resume.mutate()}>
              Continuar
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function isGoingBack(row: ImportRow | null | undefined): boolean {
  return typeof row?.undo_total === "number";
}

function goesBack(row: ImportRow | null | undefined): string {
  if (row?.is_rehearsal) return "Cancelando a conferência…";
  return isGoingBack(row) && !row?.cancel_requested_at
    ? "A importação falhou: o que já entrou está voltando…"
    : "Cancelando: o que já entrou está voltando…";
}

function whatHappens(row: ImportRow | null | undefined): string {
  if (!row) return "Enviando o arquivo…";
  if (row.status === "queued") return "Outra importação desta assessoria está em andamento; esta espera a vez.";
  if (row.status === "interrupted")
    return `O servidor parou no meio, com ${plural(row.rows_written ?? 0, "linha gravada", "linhas gravadas")}. A importação continua sozinha em até um minuto, de onde parou.`;
  if (row.phase === "writing") return "Gravando na carteira…";
  if (row.phase === "planning") return "Comparando com o que já está na carteira…";
  return "Lendo e conferindo o arquivo…";
}

/** Of a file of new rows, reading takes 5 % of the time and comparing 15 % (measured); of a dry run, a quarter. */
export function percent(row: ImportRow): number {
  const share = (rows: number | null, of: number | null): number => (of ? (rows ?? 0) / of : 0);
  if (row.is_rehearsal) return 25 * share(row.rows_read, row.rows_total) + 75 * share(row.rows_written, row.rows_valid);
  const compared = row.phase === "writing" ? 15 : 0;
  return 5 * share(row.rows_read, row.rows_total) + compared + 80 * share(row.rows_written, row.rows_valid);
}
