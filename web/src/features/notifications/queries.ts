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
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { Topic } from "./topics";

export interface Notification {
  id: string;
  kind: string;
  payload: Record<string, string | number | null>;
  /** Of the client it is about, if it is about one. */
  client_name: string | null;
  created_at: string;
  read_at: string | null;
}

interface BellPage {
  /** 100 stands for more than 99. */
  unread: number;
  rows: Notification[];
  next: string | null;
}

export const notificationsKey: QueryKey = ["notifications"];

/** What fits in the bell's list without scrolling far. */
const pageSize = 30;

export function useBell(): UseInfiniteQueryResult<InfiniteData<BellPage>> {
  return useInfiniteQuery({
    queryKey: notificationsKey,
    queryFn: ({ pageParam }) =>
      shaped<BellPage>(
        rpc("notification_bell", { page_size: pageSize, ...(pageParam !== null && { after: pageParam }) }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
}

export function useMarkRead(): UseMutationResult<number, Error, string[] | null> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[] | null) => shaped<number>(rpc("mark_notifications_read", ids ? { ids } : {})),
    onSettled: () => queryClient.invalidateQueries({ queryKey: notificationsKey }),
  });
}

export interface Preferences {
  muted_topics: Topic[];
  plays_sound: boolean;
}

/** Whoever never chose hears everything, with sound. */
const everything: Preferences = { muted_topics: [], plays_sound: true };

const preferencesKey: QueryKey = ["notification-preferences"];

export function usePreferences(): UseQueryResult<Preferences> {
  return useQuery({
    queryKey: preferencesKey,
    queryFn: async () => {
      const [own] = await unwrap<Preferences[]>(
        db
          .from("notification_preferences")
          .select("muted_topics,plays_sound")
          .overrideTypes<Preferences[], { merge: false }>(),
      );
      return own ?? everything;
    },
    // Another window of the same person may have changed it.
    refetchOnWindowFocus: "always",
  });
}

export function useSavePreferences(): UseMutationResult<unknown, Error, Preferences> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Preferences) =>
      unwrap(db.from("notification_preferences").upsert(wanted, { onConflict: "tenant_id,user_id" })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: preferencesKey }),
  });
}
