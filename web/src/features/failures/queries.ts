import {
  type InfiniteData,
  type QueryKey,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { Json } from "@/lib/database.types";
import { rpc, shaped } from "@/lib/supabase";

export const kinds = ["automation", "message", "charge", "batch", "dialer_export", "import", "webhook", "job"] as const;
export type FailureKind = (typeof kinds)[number];

export interface Failure {
  kind: FailureKind;
  id: string;
  failed_at: string;
  client_id: string | null;
  client_name: string | null;
  title: string | null;
  /** A machine code. */
  reason: string;
  /** For developers. */
  detail: string | null;
  may_retry: boolean;
}

export interface FailurePage {
  rows: Failure[];
  next: string | null;
}

export interface Outcome {
  kind: FailureKind;
  id: string;
  /** "done", or the refusal's code. */
  outcome: string;
}

export const failuresKey: QueryKey = ["failures"];
export const countsKey: QueryKey = ["failure-counts"];

const pageSize = 50;
/** Failures come from seven areas, and not each of them tells the agency's topic: the list looks by itself, too. */
const refreshMs = 10_000;

/** Those that wait for somebody, or those that somebody set aside. */
export function useFailures(
  kind: FailureKind | null,
  isAside: boolean,
): UseInfiniteQueryResult<InfiniteData<FailurePage>> {
  return useInfiniteQuery({
    queryKey: [...failuresKey, kind, isAside],
    queryFn: ({ pageParam }) =>
      shaped<FailurePage>(
        rpc("list_failures", {
          page_size: pageSize,
          aside: isAside,
          ...(kind && { kinds: [kind] }),
          ...(pageParam && { after: pageParam }),
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: refreshMs,
  });
}

export type FailureCounts = Partial<Record<FailureKind, number>>;

export function useFailureCounts(enabled = true): UseQueryResult<FailureCounts> {
  return useQuery({
    queryKey: countsKey,
    queryFn: () => shaped<FailureCounts>(rpc("count_failures", {})),
    refetchInterval: refreshMs,
    enabled,
  });
}

/** Five hundred go through their areas' own ways one by one. */
const reprocessTimeoutMs = 300_000;

export function useReprocess(): UseMutationResult<Outcome[], Error, Failure[]> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (chosen) =>
      shaped<Outcome[]>(
        rpc("reprocess_failures", { items: chosen.map(({ kind, id }) => ({ kind, id })) as Json }, reprocessTimeoutMs),
      ),
    onSettled: async () => {
      await queryClient.invalidateQueries({ queryKey: failuresKey });
      await queryClient.invalidateQueries({ queryKey: countsKey });
    },
  });
}

/** One leaves the list until it fails anew, or comes back to it: how many did. */
export function useSetAside(isAside: boolean): UseMutationResult<number, Error, Failure> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, id }) =>
      shaped<number>(rpc(isAside ? "bring_back_failures" : "set_aside_failures", { items: [{ kind, id }] })),
    onSettled: async () => {
      await queryClient.invalidateQueries({ queryKey: failuresKey });
      await queryClient.invalidateQueries({ queryKey: countsKey });
    },
  });
}
