import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./show-more.module.css";

interface ShowMoreProps {
  /** An infinite query. Nothing is shown when it has no further page. */
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
  /** Below a page's own list, or at the end of a list inside a panel or a dialog. */
  look?: "page" | "list";
  children?: string;
}

/** The rest of a list, a page at a time. */
export function ShowMore({ of, look = "list", children = "Mostrar mais" }: ShowMoreProps): ReactNode {
  if (!of.hasNextPage) return null;
  const next = { loading: of.isFetchingNextPage, onClick: () => void of.fetchNextPage() };
  if (look === "page")
    return (
      <Button variant="default" {...next}>
        {children}
      </Button>
    );
  return (
    <div className={classes.end}>
      <Button variant="subtle" size="compact-sm" {...next}>
        {children}
      </Button>
    </div>
  );
}
