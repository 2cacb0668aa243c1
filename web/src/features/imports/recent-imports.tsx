import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { AppError, sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { ImportProgress } from "./import-progress";
import { downloadRejects, rollBack, useRecentImports } from "./queries";
import classes from "./recent-imports.module.css";
import { RollbackProgress } from "./rollback-progress";
import { KeptRows, RolledBack } from "./rolled-back";
import { type ImportRow, mayUndo, unfinished } from "./shapes";
import { nameOf, statusNames } from "./words";

/** What came in lately, with its rejects and the way back. */
export function RecentImports(): ReactNode {
  const { tenant } = useMember();
  const { data: imports = [] } = useRecentImports();
  // Another person's import, or a program's, appears while this is open.
  useLiveQueries(`tenant:${tenant.id}`, [["imports"]], (event) => (event === "import_changed" ? [["imports"]] : []));
  const queryClient = useQueryClient();
  const rejects = useMutation({ mutationFn: downloadRejects });
  const back = useMutation({
    mutationFn: rollBack,
    // A file that is being looked at has nothing new to tell.
    onSuccess: () => queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "import-preview" }),
  });
  const error = rejects.error ?? back.error;
  const undone = imports.find(({ id, status }) => id === back.variables && status === "rolled_back")?.rolled_back;
  const undo = (row: ImportRow): void => {
    const question = `Desfazer a importação de ${nameOf(row)}? O que ela criou e mudou volta ao que era antes.`;
    if (window.confirm(question)) back.mutate(row.id);
  };
  if (imports.length === 0) return null;
  return (
    <section className={classes.recent} aria-label="Importações recentes">
      <h3>Importações recentes</h3>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      {undone && <RolledBack rollback={undone} />}
      <ul>
        {imports.map((row) => (
          <li key={row.id} data-import={row.id}>
            <span className={classes.file}>
              {nameOf(row)}
              <span className={classes.note}>
                {moment(row.created_at)} · {statusNames[row.status]}
                {row.status === "done" && ` · ${plural(row.accepted, "aceita", "aceitas")}`}
                {row.rejected > 0 && ` · ${plural(row.rejected, "rejeitada", "rejeitadas")}`}
                {row.rows_kept > 0 && ` · ${plural(row.rows_kept, "linha ficou", "linhas ficaram")}`}
              </span>
              {row.error_code && <span className={classes.note}>{sentenceFor(new AppError(row.error_code, 0))}</span>}
              {unfinished.includes(row.status) && <ImportProgress importId={row.id} />}
              {row.status === "rolling_back" && <RollbackProgress row={row} />}
              {row.rolled_back && row.rolled_back.kept.count > 0 && row.rolled_back !== undone && (
                <details className={classes.stayed}>
                  <summary>{plural(row.rolled_back.kept.count, "item ficou", "itens ficaram")}</summary>
                  <KeptRows kept={row.rolled_back.kept} />
                </details>
              )}
            </span>
            {row.rejected > 0 && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Baixar rejeitadas de ${nameOf(row)}`}
                loading={rejects.isPending && rejects.variables === row.id}
                onClick={() => rejects.mutate(row.id)}
              >
                Rejeitadas
              </Button>
            )}
            {mayUndo(row) && (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                aria-label={`Desfazer ${nameOf(row)}`}
                loading={back.isPending && back.variables === row.id}
                onClick={() => undo(row)}
              >
                Desfazer
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
