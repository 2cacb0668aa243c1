import type { QueryClient } from "@tanstack/react-query";
import { serviceQuery } from "@/features/service/queries";

export function serviceIdFromPath(path: string): string | undefined {
  return /^\/atendimento\/([^/]+)$/.exec(path)?.[1];
}

/** Starts the service screen's code and data while the session is still being asked for. */
export async function preloadServicePage(queryClient: QueryClient, clientId: string): Promise<void> {
  await Promise.all([
    import("@/features/service/service-page"),
    queryClient.prefetchQuery(serviceQuery(queryClient, clientId)),
  ]);
}
