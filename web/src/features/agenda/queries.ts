import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { AgendaDay, AgendaFilter, CallbackPage, Hours, NextClient, NobodyNext } from "./shapes";

export const agendaKey = ["agenda"];

/** What becomes overdue and which hours open is written nowhere: the clock alone moves it. */
const refreshMs = 60_000;

export function useCallbacks(filter: AgendaFilter): UseInfiniteQueryResult<InfiniteData<CallbackPage>> {
  return useInfiniteQuery({
    queryKey: [...agendaKey, "list", filter],
    queryFn: ({ pageParam }) =>
      shaped<CallbackPage>(
        rpc("list_callbacks", { filter: { ...filter }, ...(pageParam !== null && { after: pageParam }) }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: refreshMs,
  });
}

export function useDays(filter: AgendaFilter): UseQueryResult<AgendaDay[]> {
  return useQuery({
    queryKey: [...agendaKey, "days", filter],
    queryFn: () => shaped<AgendaDay[]>(rpc("callback_days", { filter: { ...filter } })),
    refetchInterval: refreshMs,
  });
}

/** The hours into which a promised call may be moved. */
export function useHours(callbackId: string): UseQueryResult<Hours> {
  return useQuery({
    queryKey: ["callback-hours", callbackId],
    queryFn: () => shaped<Hours>(rpc("callback_hours", { callback_id: callbackId })),
  });
}

export type Change =
  | { kind: "complete"; id: string }
  | { kind: "cancel"; id: string; reason: string }
  | { kind: "move"; id: string; dueAt: string }
  | { kind: "assign"; id: string; userId: string | null };

async function send(change: Change): Promise<unknown> {
  const callback_id = change.id;
  switch (change.kind) {
    case "complete":
      return rpc("complete_callback", { callback_id });
    case "cancel":
      return rpc("cancel_callback", { callback_id, reason: change.reason });
    case "move":
      return rpc("reschedule_callback", { callback_id, due_at: change.dueAt });
    case "assign":
      // Null gives it to anyone; the generated type knows no null.
      return rpc("assign_callback", { callback_id, user_id: change.userId as string });
  }
}

export function useChange(): UseMutationResult<unknown, Error, Change> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSettled: () => queryClient.invalidateQueries({ queryKey: agendaKey }),
  });
}

/** Holds the client that comes next; `leaving` is the one on the screen. */
export function askNext(leaving: string | null): Promise<NextClient | NobodyNext> {
  return shaped<NextClient | NobodyNext>(rpc("next_client", leaving ? { leaving } : {}));
}

/** Minutes; as in the database, for an agency that never chose. */
const usualRelease = 15;

export function useReleaseMinutes(): UseQueryResult<number> {
  return useQuery({
    queryKey: ["agenda-policy"],
    queryFn: async () => {
      const [own] = await unwrap(db.from("agenda_policies").select("release_after_minutes"));
      return own?.release_after_minutes ?? usualRelease;
    },
  });
}

export function useSaveRelease(): UseMutationResult<unknown, Error, number> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (minutes: number) =>
      unwrap(db.from("agenda_policies").upsert({ release_after_minutes: minutes }, { onConflict: "tenant_id" })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["agenda-policy"] }),
  });
}
