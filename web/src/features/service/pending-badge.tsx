import type { ReactNode } from "react";
import { plural } from "@/lib/format";
import classes from "./pending-badge.module.css";
import { usePendingCount, usePendingSender } from "./use-pending";

export function PendingBadge(): ReactNode {
  usePendingSender();
  const pending = usePendingCount();
  return (
    <div role="status" className={classes.slot}>
      {pending > 0 && (
        <span className={classes.badge} title="Tabulações guardadas neste computador, enviadas assim que der">
          {plural(pending, "pendente", "pendentes")}
        </span>
      )}
    </div>
  );
}
