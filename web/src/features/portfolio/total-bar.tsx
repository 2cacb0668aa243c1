import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { count, money } from "@/lib/format";
import { Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./portfolio-page.module.css";
import { useTotals } from "./queries";
import type { Selection } from "./selection";

/** Computed in the database for everybody who matches, or who is chosen; never by counting the rows on the screen. */
export function TotalBar({ selection, chosen }: { selection: Selection; chosen: boolean }): ReactNode {
  const { data: total, isPlaceholderData, error } = useTotals(selection);
  if (error) return <p className={classes.totals}>{sentenceFor(error)}</p>;
  if (!total)
    return (
      <div className={classes.totals}>
        <Skeleton width={320} height={16} />
      </div>
    );
  return (
    <p className={classes.totals} aria-live="polite" data-stale={isPlaceholderData || undefined}>
      {total.is_estimate && <Tag title="Contado por amostra; o número exato demoraria">estimativa</Tag>}
      <span>
        <strong className="num">{count(total.clients)}</strong> {total.clients === 1 ? "cliente" : "clientes"}
        {chosen && (total.clients === 1 ? " escolhido" : " escolhidos")}
      </span>
      {total.debts !== null && (
        <span>
          <strong className="num">{count(total.debts)}</strong> {total.debts === 1 ? "título" : "títulos"}
        </span>
      )}
      {total.open_cents !== null && (
        <span>
          <strong className="num">{money(total.open_cents)}</strong> em aberto
        </span>
      )}
    </p>
  );
}
