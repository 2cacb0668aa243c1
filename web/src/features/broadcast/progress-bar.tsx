import type { ReactNode } from "react";
import { count } from "@/lib/format";
import classes from "./batch.module.css";
import type { Numbers } from "./shapes";

/** Of those who may get it: read, delivered, on the way, failed, skipped; what is empty still waits. */
export function ProgressBar({ numbers }: { numbers: Numbers }): ReactNode {
  const { read, delivered, sent, failed, unknown, skipped, queued, selected, excluded } = numbers;
  const total = Math.max(selected - excluded, 1);
  const parts: [string, number][] = [
    ["read", read],
    ["delivered", delivered - read],
    ["sent", Math.max(sent - delivered, 0)],
    ["failed", failed + unknown],
    ["skipped", skipped],
  ];
  const over = total - queued;
  return (
    <div
      className={classes.bar}
      role="progressbar"
      aria-label="Progresso"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={over}
      aria-valuetext={`${count(over)} de ${count(total)} resolvidas`}
    >
      {parts.map(([part, people]) => (
        <span key={part} data-part={part} style={{ width: `${(100 * Math.max(people, 0)) / total}%` }} />
      ))}
    </div>
  );
}
