import { Button } from "@mantine/core";
import { IconAlertTriangle, IconMoodEmpty } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "@/ui/states.module.css";

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ title, children, action }: EmptyStateProps): ReactNode {
  return (
    <div className={classes.state}>
      <IconMoodEmpty size={36} stroke={1.2} aria-hidden />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  fullPage?: boolean;
}

export function ErrorState({ error, onRetry, fullPage }: ErrorStateProps): ReactNode {
  return (
    <div className={classes.state} role="alert" data-full={fullPage || undefined}>
      <IconAlertTriangle size={36} stroke={1.2} aria-hidden />
      <h2>Não deu para carregar</h2>
      <p>{sentenceFor(error)}</p>
      {onRetry && (
        <Button variant="default" onClick={onRetry}>
          Tentar de novo
        </Button>
      )}
    </div>
  );
}

/** Grey bars in the place and size of what is coming. */
export function Skeleton({ width, height = 12 }: { width: string | number; height?: number }): ReactNode {
  return <span className={classes.skeleton} style={{ width, height }} aria-hidden />;
}

export function PageSkeleton(): ReactNode {
  return (
    <div className={classes.page} aria-busy="true">
      <span className="hidden-visually">Carregando…</span>
      <Skeleton width={220} height={22} />
      <Skeleton width="100%" height={64} />
      <Skeleton width="100%" height={360} />
    </div>
  );
}
