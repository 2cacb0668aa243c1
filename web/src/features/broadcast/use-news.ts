import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTopic } from "@/lib/realtime";
import { useMember } from "@/lib/session";
import { sendersKey } from "./queries";

/** A sender says ten times a second that it moved; an eye follows two or three. */
const pauseMs = 400;

/** Keeps queries true while batches move. Unlike `useLiveQueries` it never drops an answer under way for the next one:
 * at ten events a second no answer would ever arrive. */
export function useNews(keys: QueryKey[], isMine: (batchId: string | undefined) => boolean): void {
  const { tenant, user } = useMember();
  const queryClient = useQueryClient();
  const state = useRef({ running: false, again: false, left: false });
  const refetch = async (): Promise<void> => {
    const now = state.current;
    if (now.running) {
      now.again = true;
      return;
    }
    now.running = true;
    do {
      now.again = false;
      await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false })));
      await new Promise((done) => setTimeout(done, pauseMs));
    } while (now.again && !now.left);
    now.running = false;
  };
  useTopic(`tenant:${tenant.id}`, {
    onJoined: () => void refetch(),
    onChange: (event, { id }) => {
      if (event === "batch_changed" && isMine(id)) void refetch();
    },
  });
  // A number that the provider stopped, a standstill: told to people, not to a batch.
  useTopic(`user:${user.id}`, {
    onJoined: () => undefined,
    onChange: (event) => {
      if (event !== "notification_changed") return;
      void queryClient.invalidateQueries({ queryKey: sendersKey });
      void refetch();
    },
  });
  useEffect(() => {
    const now = state.current;
    now.left = false;
    return () => {
      now.left = true;
    };
  }, []);
}
