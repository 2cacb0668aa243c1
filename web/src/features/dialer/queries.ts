import { type QueryKey, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { db, readFunction, rpc, shaped, unwrap } from "@/lib/supabase";
import type { Agents, CallTarget, Campaign, CampaignRoom, ClientHit, OpenCall, Overview, Service } from "./shapes";

export const openCallsKey: QueryKey = ["open-calls"];
export const overviewKey: QueryKey = ["dialer"];
/** The dialer's own answer takes its time; ours waits for it. */
const liveTimeoutMs = 30_000;
/** Signs of life; the database forgets a client after three minutes without one. */
export const signOfLifeMs = 60_000;

export function fetchOpenCalls(): Promise<OpenCall[]> {
  return shaped<OpenCall[]>(rpc("my_open_calls", {}));
}

export function useOpenCalls(): UseQueryResult<OpenCall[]> {
  return useQuery({ queryKey: openCallsKey, queryFn: fetchOpenCalls });
}

export function useOverview(): UseQueryResult<Overview> {
  return useQuery({ queryKey: overviewKey, queryFn: () => shaped<Overview>(rpc("dialer_overview", {})) });
}

export function useCampaigns(enabled = true): UseQueryResult<{ campaigns: Campaign[]; agents: Agents }> {
  return useQuery({
    queryKey: ["dialer", "campaigns"],
    queryFn: () => readFunction<{ campaigns: Campaign[]; agents: Agents }>("3cplus-campaigns", {}, liveTimeoutMs),
    enabled,
  });
}

export function useCampaign(id: number | null): UseQueryResult<CampaignRoom> {
  return useQuery({
    queryKey: ["dialer", "campaign", id],
    queryFn: () => readFunction<CampaignRoom>("3cplus-campaigns", { campaign: String(id) }, liveTimeoutMs),
    enabled: id !== null,
  });
}

export interface ExportRequest {
  selection: object;
  campaign: Campaign;
  listName: string;
  weight: number;
}

export function requestExport({ selection, campaign, listName, weight }: ExportRequest): Promise<{ is_new: boolean }> {
  return shaped<{ is_new: boolean }>(
    rpc("request_dialer_export", {
      selection: JSON.parse(JSON.stringify(selection)),
      campaign_id: campaign.id,
      campaign_name: campaign.name,
      list_name: listName,
      weight,
    }),
  );
}

export function stopExport(id: string): Promise<unknown> {
  return rpc("cancel_dialer_export", { export_id: id });
}

export function resumeExport(id: string): Promise<unknown> {
  return rpc("resume_dialer_export", { export_id: id });
}

export function findForCall(identifier: string, phone: string): Promise<CallTarget> {
  return shaped<CallTarget>(rpc("find_client_for_call", { identifier, phone }));
}

export function linkCall(callId: string, clientId: string): Promise<OpenCall> {
  return shaped<OpenCall>(rpc("link_call", { call_id: callId, client_id: clientId }));
}

export function createForCall(callId: string, document: string, name: string): Promise<OpenCall> {
  return shaped<OpenCall>(rpc("create_client_for_call", { call_id: callId, document, name }));
}

/** A screenful of people; who is not among them is searched for more precisely. */
const shownHits = 8;

export function useClientSearch(q: string): UseQueryResult<ClientHit[]> {
  return useQuery({
    queryKey: ["dialer", "search", q],
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

export interface SeatChange {
  agentId: number;
  agentName: string;
  extension: string;
  userId: string;
}

export async function saveSeat({ agentId, agentName, extension, userId }: SeatChange): Promise<void> {
  await unwrap(db.from("dialer_agents").delete().eq("agent_id", agentId));
  if (userId === "") return;
  await unwrap(db.from("dialer_agents").delete().eq("user_id", userId));
  await unwrap(
    db.from("dialer_agents").insert({
      agent_id: agentId,
      agent_name: agentName,
      extension: extension || null,
      user_id: userId,
    }),
  );
}

export function useOperators(): UseQueryResult<{ user_id: string; display_name: string }[]> {
  return useQuery({
    queryKey: ["dialer", "operators"],
    queryFn: () =>
      unwrap<{ user_id: string; display_name: string }[]>(
        db
          .from("memberships")
          .select("user_id,display_name")
          .is("revoked_at", null)
          .order("display_name")
          .overrideTypes<{ user_id: string; display_name: string }[], { merge: false }>(),
      ),
  });
}
