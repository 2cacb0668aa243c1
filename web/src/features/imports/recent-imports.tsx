import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { ImportProgress } from "./import-progress";
import { downloadRejects, rollBack, useRecentImports } from "./queries";
import classes from "./recent-imports.module.css";
import { type ImportRow, type Rollback, unfinished } from "./shapes";
import { keptReasons, statusNames } from "./words";

/** What came in lately, with its rejects and the way back. */
export function RecentImports(): ReactNode {
  const { data: imports = [] } = useRecentImports();
  const queryClient = useQueryClient();
  const rejects = useMutation({ mutationFn: downloadRejects });
  const back = useMutation({ mutationFn: rollBack, onSuccess: () => queryClient.invalidateQueries() });
  const error = rejects.error ?? back.error;
  const undo = ({ id, file_name }: ImportRow): void => {
    const question = `Desfazer a importação de ${file_name}? O que ela criou e mudou volta ao que era antes.`;
    if (window.confirm(question)) back.mutate(id);
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
      {back.data && <RolledBack rollback={back.data} />}
      <ul>
        {imports.map((row) => (
          <li key={row.id}>
            <span className={classes.file}>
              {row.file_name}
              <span className={classes.note}>
                {moment(row.created_at)} · {statusNames[row.status]}
                {row.status === "done" && ` · ${plural(row.accepted, "aceita", "aceitas")}`}
                {row.rejected > 0 && ` · ${plural(row.rejected, "rejeitada", "rejeitadas")}`}
                {row.rows_kept > 0 && ` · ${plural(row.rows_kept, "linha ficou", "linhas ficaram")}`}
              </span>
              {unfinished.includes(row.status) && <ImportProgress importId={row.id} />}
            </span>
            {row.rejected > 0 && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Baixar rejeitadas de ${row.file_name}`}
                loading={rejects.isPending && rejects.variables === row.id}
                onClick={() => rejects.mutate(row.id)}
              >
                Rejeitadas
              </Button>
            )}
            {row.status === "done" && (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                aria-label={`Desfazer ${row.file_name}`}
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

function RolledBack({ rollback }: { rollback: Rollback }): ReactNode {
  const { deleted, restored, kept } = rollback;
  return (
    <div role="status" className={classes.undone}>
      <p>
        Importação desfeita: {plural(deleted.clients, "cliente saiu", "clientes saíram")},{" "}
        {plural(deleted.debts, "título saiu", "títulos saíram")},{" "}
        {plural(restored.clients + restored.debts, "linha voltou", "linhas voltaram")} ao que era.
      </p>
      {kept.count > 0 && (
        <>
          <p>{plural(kept.count, "linha ficou", "linhas ficaram")}, porque alguém agiu sobre ela depois:</p>
          <ul className={classes.kept}>
            {kept.rows.map((row) => (
              <li key={`${row.table}:${row.id}`}>
                {row.name}: {keptReasons[row.reason] ?? row.reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
