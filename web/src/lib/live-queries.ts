import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { type ChangePayload, useTopic } from "@/lib/realtime";

/** A message walks through four statuses within a second: one fetch for the burst, still within a blink. */
const coalesceMs = 120;

/** Keeps queries true while mounted: subscribe first, then fetch what was read before the subscription; again after every
 * reconnect; and on each event the queries that `affected` names for it. */
export function useLiveQueries(
  topic: string,
  all: QueryKey[],
  affected: (event: string, payload: ChangePayload) => QueryKey[],
): void {
  const queryClient = useQueryClient();
  const waiting = useRef(new Map<string, QueryKey>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const refetchSoon = (keys: QueryKey[]): void => {
    for (const key of keys) waiting.current.set(JSON.stringify(key), key);
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const due = [...waiting.current.values()];
      waiting.current.clear();
      for (const queryKey of due) void queryClient.invalidateQueries({ queryKey });
    }, coalesceMs);
  };
  useTopic(topic, {
    onJoined: () => refetchSoon(all),
    onChange: (event, payload) => refetchSoon(affected(event, payload)),
  });
  useEffect(() => () => clearTimeout(timer.current), []);
}
