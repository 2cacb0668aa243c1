import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import classes from "./import-dialog.module.css";
import { cancelImport, useImportProgress } from "./queries";

/** Told by the server's events; nothing here asks in a circle. */
export function ImportProgress({ importId }: { importId: string }): ReactNode {
  const { tenant } = useMember();
  const { data: row } = useImportProgress(importId);
  const key = [["imports", "one", importId]];
  useLiveQueries(`tenant:${tenant.id}`, key, (event) => (event === "import_changed" ? key : []));
  const cancel = useMutation({ mutationFn: () => cancelImport(importId) });
  const seen = Math.max(row?.rows_written ?? 0, row?.rows_valid ?? 0, row?.rows_read ?? 0);
  return (
    <section className={classes.progress} aria-label="Andamento da importação">
      <p role="status">
        {row?.status === "queued"
          ? "Outra importação desta assessoria está em andamento; esta espera a vez."
          : row?.phase === "writing"
            ? "Gravando na carteira…"
            : "Lendo e conferindo o arquivo…"}
      </p>
      <progress max={row?.rows_total ?? undefined} value={row?.rows_total ? seen : undefined} aria-label="Andamento" />
      {row && (
        <p className={classes.note}>
          {count(row.rows_read ?? 0)} lidas · {count(row.rows_valid ?? 0)} conferidas · {count(row.rows_written ?? 0)}{" "}
          gravadas
          {row.rows_per_second ? ` · ${plural(row.rows_per_second, "linha", "linhas")} por segundo` : ""}
          {row.seconds_left !== null && ` · faltam ${plural(Math.ceil(row.seconds_left), "segundo", "segundos")}`}
        </p>
      )}
      {cancel.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(cancel.error)}
        </p>
      )}
      {row && (
        <Button variant="default" loading={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          Cancelar importação
        </Button>
      )}
    </section>
  );
}
