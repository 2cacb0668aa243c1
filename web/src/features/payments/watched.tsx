import type { ReactNode } from "react";
import { useLiveQueries } from "@/lib/live-queries";

/** Somebody else's decision is told on the client's own topic. */
export function Watched({ clientId }: { clientId: string }): ReactNode {
  useLiveQueries(`client:${clientId}`, [], () => [["payment-queue"]]);
  return null;
}
