import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./charging.module.css";

interface SaveBarProps {
  action: string;
  isPending: boolean;
  isReady: boolean;
  error: unknown;
  /** What happened, once it has. */
  done: ReactNode;
  children?: ReactNode;
}

export function SaveBar({ action, isPending, isReady, error, done, children }: SaveBarProps): ReactNode {
  return (
    <div className={classes.bar}>
      <Button type="submit" loading={isPending} disabled={!isReady}>
        {action}
      </Button>
      {children}
      <span role="status">{done}</span>
      {Boolean(error) && (
        <span role="alert" className={classes.error}>
          {sentenceFor(error)}
        </span>
      )}
    </div>
  );
}
