import type { ReactNode } from "react";
import { count, money } from "@/lib/format";
import { Skeleton } from "@/ui/states";
import classes from "./portfolio-page.module.css";
import type { PortfolioPage } from "./queries";

interface TotalBarProps {
  total: PortfolioPage["total"] | undefined;
  fetching: boolean;
}

export function TotalBar({ total, fetching }: TotalBarProps): ReactNode {
  if (!total)
    return (
      <div className={classes.totals}>
        <Skeleton width={320} height={16} />
      </div>
    );
  return (
    <p className={classes.totals} aria-live="polite" data-stale={fetching || undefined}>
      <span>
        {total.is_estimate && "cerca de "}
        <strong className="num">{count(total.clients)}</strong> {total.clients === 1 ? "cliente" : "clientes"}
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
