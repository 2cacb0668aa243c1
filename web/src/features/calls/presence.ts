import { type QueryClient, skipToken, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useMember } from "@/lib/session";
import { beginBreak, comeBack, signOfLife, signOfLifeMs } from "./queries";
import type { AgentState, Standing } from "./shapes";

const presenceKey = ["presence"];
/** Waiting for a call takes minutes without a key; half an hour without one is nobody. */
const idleMs = 30 * 60_000;

/** Says that an operator is here, once a minute while somebody is, and through a pause. Mounted once. */
export function usePresence(): Standing | null | undefined {
  const { tenant } = useMember();
  const touchedAt = useRef(Date.now());
  const isOperator = tenant.role === "operator";
  const { data, refetch } = useQuery({
    queryKey: presenceKey,
    queryFn: () => signOfLife(),
    enabled: isOperator,
    staleTime: signOfLifeMs,
    refetchInterval: ({ state }) =>
      state.data?.state === "paused" || Date.now() - touchedAt.current < idleMs ? signOfLifeMs : false,
    // Who talks has another window in front.
    refetchIntervalInBackground: true,
    retry: false,
  });
  useEffect(() => {
    if (!isOperator) return;
    const touched = (): void => {
      const wasAway = Date.now() - touchedAt.current > idleMs;
      touchedAt.current = Date.now();
      if (wasAway) void refetch();
    };
    const inputs = ["pointerdown", "keydown"];
    for (const input of inputs) window.addEventListener(input, touched, { capture: true, passive: true });
    return () => {
      for (const input of inputs) window.removeEventListener(input, touched, { capture: true });
    };
  }, [isOperator, refetch]);
  return data;
}

/** The same without saying anything: for a menu that is there all day. */
export function useStanding(): UseQueryResult<Standing | null> {
  return useQuery({ queryKey: presenceKey, queryFn: skipToken });
}

async function keep(client: QueryClient, told: Promise<Standing | null>): Promise<void> {
  client.setQueryData(presenceKey, await told);
}

export const takeBreak = (client: QueryClient, reason: string, atDialer = false): Promise<void> =>
  keep(client, beginBreak(reason, atDialer));

export const endBreak = (client: QueryClient): Promise<void> => keep(client, comeBack());

/** What the dialer said just now: a pause at its own screen is one here, too. */
export const tellStanding = (client: QueryClient, atDialer: AgentState): Promise<void> =>
  keep(client, signOfLife(atDialer));
