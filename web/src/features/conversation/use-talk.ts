import { type QueryClient, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { appendOlder, isMoving, mergeItems } from "./items";
import { countsKey, fetchPage, talkKey, talksKey } from "./queries";
import type { TalkPage } from "./shapes";

/** Receipts come by realtime; this is for those that neither the client's topic nor the talk's could bring. */
const movingRefreshMs = 5_000;
const restingRefreshMs = 60_000;

/** Everything of the talk that was fetched so far, the newest page always fresh. */
export function useTalk(id: string): UseQueryResult<TalkPage> {
  const queryClient = useQueryClient();
  const { tenant } = useMember();
  const result = useQuery({
    queryKey: talkKey(id),
    queryFn: async () => {
      const fresh = await fetchPage(id);
      const known = queryClient.getQueryData<TalkPage>(talkKey(id));
      return known ? mergeItems(fresh, known) : fresh;
    },
    refetchInterval: ({ state }) => (state.data?.items.some(isMoving) ? movingRefreshMs : restingRefreshMs),
  });
  useLiveQueries(`tenant:${tenant.id}`, [talkKey(id)], (event, payload) => {
    const clientId = result.data?.conversation.client?.id;
    const touched = payload.conversation_ids?.includes(id) || (clientId && payload.client_ids?.includes(clientId));
    return touched && /^(conversation|message|client)_changed$/.test(event) ? [talkKey(id)] : [];
  });
  return result;
}

/** A known client's receipts, charges and suppressions are told on a topic of their own. */
export function useClientTopic(clientId: string, talkId: string): void {
  useLiveQueries(`client:${clientId}`, [], (event) =>
    event === "charge_changed" || event === "installment_changed" ? [["chat-charges", clientId]] : [talkKey(talkId)],
  );
}

export async function fetchOlder(queryClient: QueryClient, id: string): Promise<void> {
  const known = queryClient.getQueryData<TalkPage>(talkKey(id));
  if (!known?.next) return;
  const older = await fetchPage(id, known.next);
  queryClient.setQueryData<TalkPage>(talkKey(id), (now) => now && appendOlder(now, older));
}

export function useLiveTalks(): void {
  const { tenant } = useMember();
  useLiveQueries(`tenant:${tenant.id}`, [talksKey, countsKey], (event) =>
    event === "conversation_changed" ? [talksKey, countsKey] : [],
  );
}
