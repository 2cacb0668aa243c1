import { IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "@/ui/states.module.css";

interface GoodNewsProps {
  title: string;
  children?: ReactNode;
}

/** An empty list that is what everybody hopes for: nothing failed, nothing waits. */
export function GoodNews({ title, children }: GoodNewsProps): ReactNode {
  return (
    <div className={classes.state}>
      <IconCircleCheck size={36} stroke={1.4} aria-hidden style={{ color: "var(--good-text)" }} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
    </div>
  );
}
