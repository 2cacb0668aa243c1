import type { ReactNode } from "react";
import { count, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import classes from "./import-dialog.module.css";
import type { ImportRow } from "./shapes";
import { nameOf } from "./words";

/** Told by the server's events; a server that stops goes on by itself within a minute. */
export function RollbackProgress({ row }: { row: ImportRow }): ReactNode {
  const { tenant } = useMember();
  useLiveQueries(`tenant:${tenant.id}`, [["imports"]], (event) => (event === "import_changed" ? [["imports"]] : []));
  const total = row.undo_total ?? 0;
  return (
    <section className={classes.progress} aria-label={`Andamento de desfazer ${nameOf(row)}`}>
      <p role="status">Desfazendo: o que a importação criou e mudou está voltando…</p>
      <progress max={total} value={total > 0 ? row.undo_done : undefined} aria-label="Andamento" />
      <p className={classes.note}>
        {count(row.undo_done)} de {plural(total, "cliente", "clientes")}
        {row.seconds_left !== null && ` · faltam ${plural(Math.ceil(row.seconds_left), "segundo", "segundos")}`}
        {" · você pode fechar esta janela"}
      </p>
    </section>
  );
}
