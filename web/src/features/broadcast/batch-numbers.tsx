import type { ReactNode } from "react";
import { count } from "@/lib/format";
import classes from "./batch.module.css";
import type { Numbers, Outcome, ResultFilter } from "./shapes";
import { outcomeNames } from "./words";

const always: Outcome[] = ["queued", "sent", "delivered", "read", "answered", "failed"];
/** Shown once there are any. */
const sometimes: Outcome[] = ["unknown", "skipped", "excluded"];

interface NumbersProps {
  numbers: Numbers;
  filter: ResultFilter;
  onFilter: (filter: ResultFilter) => void;
}

/** Each number leads to the people it counts. */
export function BatchNumbers({ numbers, filter, onFilter }: NumbersProps): ReactNode {
  const shown = [...always, ...sometimes.filter((outcome) => numbers[outcome] > 0)];
  return (
    <section aria-label="Números" className={classes.numbers}>
      {shown.map((outcome) => (
        <button
          key={outcome}
          type="button"
          className={classes.number}
          aria-pressed={filter.outcome === outcome}
          onClick={() => onFilter(filter.outcome === outcome ? {} : { outcome })}
        >
          <strong className="num">{count(numbers[outcome])}</strong>
          <span>{outcomeNames[outcome]}</span>
        </button>
      ))}
    </section>
  );
}
