import { type QueryKey, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { callFunction, db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { AgentState, Break, CallTarget, ClientHit, OpenCall, Service, Standing } from "./shapes";

/** The dialer's own answer takes its time; ours waits for it. */
const liveTimeoutMs = 30_000;
export const openCallsKey: QueryKey = ["open-calls"];
export const agentStateKey: QueryKey = ["agent-state"];
/** Signs of life; the database forgets a client after three minutes without one. */
export const signOfLifeMs = 60_000;
/** The dialer tells nobody when an agent pauses at its own screen; it is asked, without being pestered. */
const agentStateMs = 30_000;

export function fetchOpenCalls(): Promise<OpenCall[]> {
  return shaped<OpenCall[]>(rpc("my_open_calls", {}));
}

export function useOpenCalls(): UseQueryResult<OpenCall[]> {
  return useQuery({ queryKey: openCallsKey, queryFn: fetchOpenCalls });
}

export function findForCall(identifier: string, phone: string): Promise<CallTarget> {
  return shaped<CallTarget>(rpc("find_client_for_call", { identifier, phone }));
}

export function linkCall(callId: string, clientId: string): Promise<OpenCall> {
  return shaped<OpenCall>(rpc("link_call", { call_id: callId, client_id: clientId }));
}

export function createForCall(who: {
  callId: string | null;
  document: string;
  name: string;
  phone: string | null;
}): Promise<OpenCall> {
  const { callId, document, name, phone } = who;
  return shaped<OpenCall>(
    // The generated types do not know that a function's arguments may be null.
    rpc("create_client_for_call", { call_id: callId as string, document, name, ...(phone && { phone }) }),
  );
}

export function disposeCall(callId: string, type: string): Promise<unknown> {
  return rpc("dispose_call", { call_id: callId, disposition_type: type });
}

/** A screenful of people; who is not among them is searched for more precisely. */
const shownHits = 8;

export function useClientSearch(q: string): UseQueryResult<ClientHit[]> {
  return useQuery({
    queryKey: ["dialer-search", q],
    queryFn: async () =>
      (await shaped<{ rows: ClientHit[] }>(rpc("list_clients", { filter: { q }, page_size: shownHits }))).rows,
    enabled: q.trim().length > 1,
  });
}

export function beginService(clientId: string): Promise<Service> {
  return shaped<Service>(rpc("begin_service", { client_id: clientId }));
}

export function endService(clientId: string): Promise<unknown> {
  return rpc("end_service", { client_id: clientId });
}

export function takeOver(clientId: string, reason: string): Promise<unknown> {
  return rpc("take_over_service", { client_id: clientId, reason });
}

export type AgentAction =
  | { action: "call"; phone: string; client_id: string }
  | { action: "pause"; interval_id: number }
  | { action: "resume" }
  | { action: "state" }
  | { action: "breaks" };

export function askAgent<Answer = object>(asked: AgentAction): Promise<Answer> {
  return callFunction<Answer>("3cplus-agent", JSON.stringify(asked), {}, liveTimeoutMs);
}

export function useAgentState(): UseQueryResult<AgentState> {
  return useQuery({
    queryKey: agentStateKey,
    queryFn: async () => (await askAgent<{ state: AgentState }>({ action: "state" })).state,
    refetchInterval: agentStateMs,
    retry: false,
  });
}

export function useBreaks(enabled: boolean): UseQueryResult<Break[]> {
  return useQuery({
    queryKey: ["agent-breaks"],
    queryFn: async () => (await askAgent<{ breaks: Break[] }>({ action: "breaks" })).breaks,
    enabled,
    retry: false,
  });
}

export interface Outcome {
  key: string;
  label: string;
  is_callback: boolean;
  opens_negotiation: boolean;
}

export function useOutcomes(): UseQueryResult<Outcome[]> {
  return useQuery({
    queryKey: ["dialer-outcomes"],
    queryFn: () =>
      unwrap<Outcome[]>(
        db
          .from("disposition_types")
          .select("key,label,is_callback,opens_negotiation")
          .eq("is_active", true)
          .order("position"),
      ),
  });
}

/** Says that the caller is here, and what the dialer said of them just now. */
export function signOfLife(atDialer?: AgentState): Promise<Standing | null> {
  return shaped<Standing | null>(rpc("sign_of_life", atDialer ? { at_dialer: atDialer } : {}));
}

export function beginBreak(reason: string, atDialer: boolean): Promise<Standing | null> {
  return shaped<Standing | null>(rpc("take_break", { reason, is_at_dialer: atDialer }));
}

export function comeBack(): Promise<Standing | null> {
  return shaped<Standing | null>(rpc("end_break", {}));
}
