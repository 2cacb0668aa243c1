import {
  type QueryKey,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

export interface Notification {
  id: string;
  kind: string;
  payload: Record<string, string | number | null>;
  created_at: string;
  read_at: string | null;
}

export const notificationsKey: QueryKey = ["notifications"];

/** What fits in the bell's list without becoming an archive. */
const shownInBell = 30;

export function useNotifications(): UseQueryResult<Notification[]> {
  return useQuery({
    queryKey: notificationsKey,
    queryFn: () =>
      unwrap<Notification[]>(
        db
          .from("notifications")
          .select("id,kind,payload,created_at,read_at")
          .order("created_at", { ascending: false })
          .order("id", { ascending: false })
          .limit(shownInBell)
          .overrideTypes<Notification[], { merge: false }>(),
      ),
  });
}

export function useMarkRead(): UseMutationResult<number, Error, string[] | null> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[] | null) => shaped<number>(rpc("mark_notifications_read", ids ? { ids } : {})),
    onSettled: () => queryClient.invalidateQueries({ queryKey: notificationsKey }),
  });
}
