import type { ReactNode } from "react";
import classes from "@/ui/tag.module.css";

export type Tone = "neutral" | "good" | "busy" | "warn" | "bad" | "accent";

export function Tag({
  tone = "neutral",
  title,
  children,
}: {
  tone?: Tone;
  title?: string;
  children: ReactNode;
}): ReactNode {
  return (
    <span className={classes.tag} data-tone={tone} title={title}>
      {children}
    </span>
  );
}

/** A keyboard key, as it is printed. */
export function Key({ children }: { children: ReactNode }): ReactNode {
  return <kbd className={classes.key}>{children}</kbd>;
}
