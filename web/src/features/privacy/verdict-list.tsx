import type { ReactNode } from "react";
import classes from "./privacy.module.css";
import type { Verdict } from "./queries";
import { areaText, decisionText } from "./words";

/** What goes and what stays, with the basis and the day. */
export function VerdictList({ verdict }: { verdict: Verdict[] }): ReactNode {
  return (
    <dl className={classes.verdict}>
      {verdict.map((part) => (
        <div key={part.area}>
          <dt>{areaText(part)}</dt>
          <dd data-decision={part.decision}>{decisionText(part)}</dd>
        </div>
      ))}
    </dl>
  );
}
