import type { ReactNode } from "react";
import { localTime, moment } from "@/lib/clock";
import classes from "@/ui/timeline/timeline.module.css";

export const iconProps = { size: 15, stroke: 1.8 };

interface EntryProps {
  icon: ReactNode;
  color?: string;
  title: ReactNode;
  at?: string;
  children?: ReactNode;
  state?: string;
}

/** One line of the stream: what, when, and below it the details. */
export function Entry({ icon, color = "gray", title, at, children, state }: EntryProps): ReactNode {
  return (
    <li className={classes.entry} data-state={state}>
      <span className={classes.icon} style={{ color: `var(--ink-${color}, var(--muted))` }} aria-hidden>
        {icon}
      </span>
      <div className={classes.text}>
        <div className={classes.title}>
          <span>{title}</span>
          {at && (
            <time dateTime={at} title={moment(at)}>
              {localTime(new Date(at))}
            </time>
          )}
        </div>
        {children}
      </div>
    </li>
  );
}
