import {
  type InfiniteData,
  type QueryKey,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { db, readFunction, rpc, shaped, unwrap } from "@/lib/supabase";
import type { LawfulDay } from "./hours";
import type { Agents, Campaign, CampaignRoom, Overview, Results, Word } from "./shapes";

export const overviewKey: QueryKey = ["dialer"];
export const wordsKey: QueryKey = ["dialer-words"];
/** The dialer's own answer takes its time; ours waits for it. */
export const liveTimeoutMs = 30_000;
export function useOverview(): UseQueryResult<Overview> {
  return useQuery({ queryKey: overviewKey, queryFn: () => shaped<Overview>(rpc("dialer_overview", {})) });
}

export function useCampaigns(enabled = true): UseQueryResult<{ campaigns: Campaign[]; agents: Agents }> {
  return useQuery({
    queryKey: ["dialer-live", "campaigns"],
    queryFn: () => readFunction<{ campaigns: Campaign[]; agents: Agents }>("3cplus-campaigns", {}, liveTimeoutMs),
    enabled,
  });
}

/** What is dialled moves by the second and costs the dialer a call: half a minute is a look now and then. */
const progressMs = 30_000;

export function useCampaign(id: number | null): UseQueryResult<CampaignRoom> {
  return useQuery({
    queryKey: ["dialer-live", "campaign", id],
    staleTime: 0,
    refetchInterval: progressMs,
    queryFn: () => readFunction<CampaignRoom>("3cplus-campaigns", { campaign: String(id) }, liveTimeoutMs),
    enabled: id !== null,
  });
}

/** The law's hours by state and weekday; uf null: every state without a law of its own. */
export function useLaw(): UseQueryResult<LawfulDay[]> {
  return useQuery({
    queryKey: ["dialer-law"],
    queryFn: () => shaped<LawfulDay[]>(rpc("lawful_hours", {})),
    staleTime: Number.POSITIVE_INFINITY,
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

export interface SeatChange {
  agentId: number;
  agentName: string;
  extension: string;
  userId: string;
}

export function saveSeat({ agentId, agentName, extension, userId }: SeatChange): Promise<unknown> {
  return rpc("save_dialer_agent", {
    agent_id: agentId,
    // Null, which the generated types do not know of: nobody sits there.
    user_id: (userId || null) as string,
    agent_name: agentName,
    extension,
  });
}

export function useOperators(): UseQueryResult<{ user_id: string; display_name: string }[]> {
  return useQuery({
    queryKey: ["dialer-operators"],
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

/** A screenful; the rest on demand. */
const resultsPage = 50;
/** The most the database gives at once: a download is few requests. */
const downloadPage = 1000;

export type ResultFilter = Partial<{ outcome: string; reason: string }>;

function askResults(exportId: string, filter: ResultFilter, after: number | null, size: number): Promise<Results> {
  return shaped<Results>(
    rpc("dialer_export_results", { export_id: exportId, filter, ...(after !== null && { after }), page_size: size }),
  );
}

export function useResults(exportId: string, filter: ResultFilter): UseInfiniteQueryResult<InfiniteData<Results>> {
  return useInfiniteQuery({
    queryKey: [...overviewKey, "results", exportId, filter],
    queryFn: ({ pageParam }) => askResults(exportId, filter, pageParam, resultsPage),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
  });
}

export async function* allResults(exportId: string, filter: ResultFilter): AsyncGenerator<Results["rows"]> {
  for (let after: number | null = null; ; ) {
    const { rows, next }: Results = await askResults(exportId, filter, after, downloadPage);
    yield rows;
    if (next === null) return;
    after = next;
  }
}

export function useWords(): UseQueryResult<Word[]> {
  return useQuery({
    queryKey: wordsKey,
    queryFn: () =>
      unwrap<Word[]>(
        db
          .from("dialer_qualifications")
          .select("campaign_id,disposition_type,qualification_id,qualification_name")
          .order("campaign_id"),
      ),
  });
}

export function saveWord(word: Omit<Word, "qualification_id"> & { qualification_id: number | null }): Promise<unknown> {
  return rpc("save_dialer_qualification", { ...word, qualification_id: word.qualification_id as number });
}

export function useOutcomes(): UseQueryResult<{ key: string; label: string }[]> {
  return useQuery({
    queryKey: ["dialer-outcomes"],
    queryFn: () =>
      unwrap<{ key: string; label: string }[]>(
        db.from("disposition_types").select("key,label").eq("is_active", true).order("position"),
      ),
  });
}
