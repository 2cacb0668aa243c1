import type { ReactNode } from "react";
import classes from "@/ui/panel.module.css";

interface PanelProps {
  title: string;
  /** Beside the title: a count, a small action. */
  aside?: ReactNode;
  children: ReactNode;
  /** The body scrolls inside the panel, so that the screen around it never does. */
  scrolls?: boolean;
  className?: string;
}

export function Panel({ title, aside, children, scrolls, className = "" }: PanelProps): ReactNode {
  return (
    <section className={`${classes.panel} ${className}`} aria-label={title}>
      <header className={classes.head}>
        <h2>{title}</h2>
        {aside && <div className={classes.aside}>{aside}</div>}
      </header>
      {/* A scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      <div className={classes.body} data-scrolls={scrolls || undefined} tabIndex={scrolls ? 0 : undefined}>
        {children}
      </div>
    </section>
  );
}
