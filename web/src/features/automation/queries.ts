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
import { db, rpc, unwrap } from "@/lib/supabase";
import type { AutomationItem } from "@/lib/timeline";

export type RunStatus = AutomationItem["status"];

export interface AutomationRun {
  id: string;
  status: RunStatus;
  reason: string | null;
  attempt: number;
  created_at: string;
  finished_at: string | null;
  next_attempt_at: string | null;
  rule: { name: string };
  client: { id: string; name: string };
}

const pageSize = 50;
/** One client's runs are told on that client's topic only; this list of everybody's looks by itself. */
const refreshMs = 10_000;

/** Newest first, by keyset on (created_at, id): a page never repeats or loses a run while new ones arrive. */
export function useRuns(status: RunStatus | null): UseInfiniteQueryResult<InfiniteData<AutomationRun[]>> {
  return useInfiniteQuery({
    queryKey: ["automation-runs", status],
    queryFn: async ({ pageParam }) => {
      let query = db
        .from("automation_runs")
        .select(
          "id,status,reason,attempt,created_at,finished_at,next_attempt_at,rule:collection_rules(name),client:clients(id,name)",
        )
        .order("created_at", { ascending: false })
        .order("id", { ascending: false })
        .limit(pageSize);
      if (status) query = query.eq("status", status);
      if (pageParam)
        query = query.or(
          `created_at.lt.${pageParam.created_at},and(created_at.eq.${pageParam.created_at},id.lt.${pageParam.id})`,
        );
      return unwrap<AutomationRun[]>(query.overrideTypes<AutomationRun[], { merge: false }>());
    },
    initialPageParam: null as AutomationRun | null,
    getNextPageParam: (last) => (last.length === pageSize ? last.at(-1) : null),
    refetchInterval: refreshMs,
  });
}

export interface RuleTemplate {
  name: string;
  body: string;
  variables: string[];
  status: "approved" | "paused" | "rejected";
}

export interface CollectionRule {
  id: string;
  name: string;
  is_enabled: boolean;
  version: number;
  trigger: "disposition" | "debt_due" | "installment_due";
  disposition_meaning: string | null;
  day_offset: number | null;
  type: { label: string; color: string } | null;
  /** Of every version; the ones that hold now carry the rule's. */
  steps: { version: number; position: number; template: RuleTemplate | null }[];
}

/** A page shows them all; a tenant has tens. */
const maxRules = 200;

export function useRules(): UseQueryResult<CollectionRule[]> {
  return useQuery({
    queryKey: ["collection-rules"],
    queryFn: () =>
      unwrap<CollectionRule[]>(
        db
          .from("collection_rules")
          .select(
            "id,name,is_enabled,version,trigger,disposition_meaning,day_offset,type:disposition_types(label,color),steps:rule_steps(version,position,template:message_templates(name,body,variables,status))",
          )
          .order("priority")
          .order("name")
          .limit(maxRules)
          .overrideTypes<CollectionRule[], { merge: false }>(),
      ),
  });
}

export function useRetryRun(): UseMutationResult<unknown, Error, string> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) => rpc("retry_automation_run", { run_id: runId }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["automation-runs"] }),
  });
}
