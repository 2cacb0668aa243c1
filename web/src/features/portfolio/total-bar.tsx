import type { ReactNode } from "react";
import { count, money } from "@/lib/format";
import { Skeleton } from "@/ui/states";
import classes from "./portfolio-page.module.css";
import type { PortfolioPage } from "./queries";

export function TotalBar({
  total,
  fetching,
}: {
  total: PortfolioPage["total"] | undefined;
  fetching: boolean;
}): ReactNode {
  if (!total)
    return (
      <div className={classes.totals}>
        <Skeleton width={320} height={16} />
      </div>
    );
  const about = total.is_estimate ? "cerca de " : "";
  return (
    <p className={classes.totals} aria-live="polite" data-stale={fetching || undefined}>
      <span>
        <strong className="num">
          {about}
          {count(total.clients)}
        </strong>{" "}
        {total.clients === 1 ? "cliente" : "clientes"}
      </span>
      <span>
        <strong className="num">
          {about}
          {count(total.debts)}
        </strong>{" "}
        {total.debts === 1 ? "título" : "títulos"}
      </span>
      <span>
        <strong className="num">{money(total.open_cents)}</strong> em aberto
      </span>
    </p>
  );
}
