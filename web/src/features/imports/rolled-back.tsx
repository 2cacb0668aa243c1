import type { ReactNode } from "react";
import { count, plural } from "@/lib/format";
import classes from "./recent-imports.module.css";
import type { Rollback } from "./shapes";
import { keptReasons, keptRow } from "./words";

/** What became of the rows of an import that was taken back. */
export function RolledBack({ rollback }: { rollback: Rollback }): ReactNode {
  const { deleted, restored, kept } = rollback;
  const returned = restored.clients + restored.debts;
  return (
    <div role="status" className={classes.undone}>
      <p>
        Importação desfeita: {plural(deleted.clients, "cliente saiu", "clientes saíram")},{" "}
        {plural(deleted.debts, "título saiu", "títulos saíram")}
        {returned > 0 && `, ${plural(returned, "linha voltou ao que era", "linhas voltaram ao que eram")}`}.
      </p>
      {kept.count > 0 && (
        <>
          <p>{plural(kept.count, "item ficou", "itens ficaram")}:</p>
          <KeptRows kept={kept} />
        </>
      )}
    </div>
  );
}

export function KeptRows({ kept }: Pick<Rollback, "kept">): ReactNode {
  return (
    <ul className={classes.kept}>
      {kept.rows.map((row) => (
        <li key={`${row.table}:${row.id}`}>
          {keptRow(row)}: {keptReasons[row.reason] ?? row.reason}
        </li>
      ))}
      {kept.rows.length < kept.count && <li>E mais {count(kept.count - kept.rows.length)}.</li>}
    </ul>
  );
}
