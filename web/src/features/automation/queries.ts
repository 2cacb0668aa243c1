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
import type { Json } from "@/lib/database.types";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { AutomationRun, Definition, DryRun, Line, Policy, Rule, RunStatus, Verdict, Version } from "./shapes";

export const rulesKey: QueryKey = ["collection-rules"];
export const runsKey: QueryKey = ["automation-runs"];
const policyKey: QueryKey = ["automation-policy"];

const pageSize = 50;
/** One client's runs are told on that client's topic only; lists of everybody's look by themselves. */
const refreshMs = 10_000;

export function useRules(enabled = true): UseQueryResult<Rule[]> {
  return useQuery({
    queryKey: rulesKey,
    queryFn: () => shaped<Rule[]>(rpc("list_rules", {})),
    refetchInterval: refreshMs,
    enabled,
  });
}

export interface RunFilter {
  status: RunStatus | null;
  ruleId: string | null;
}

/** Newest first, by keyset on (created_at, id): a page never repeats or loses a run while new ones arrive. */
export function useRuns({ status, ruleId }: RunFilter): UseInfiniteQueryResult<InfiniteData<AutomationRun[]>> {
  return useInfiniteQuery({
    queryKey: [...runsKey, status, ruleId],
    queryFn: async ({ pageParam }) => {
      let query = db
        .from("automation_runs")
        .select(
          "id,position,status,reason,created_at,next_attempt_at,rule:collection_rules(id,name),client:clients(id,name)",
        )
        .order("created_at", { ascending: false })
        .order("id", { ascending: false })
        .limit(pageSize);
      if (status) query = query.eq("status", status);
      if (ruleId) query = query.eq("rule_id", ruleId);
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

export function useRetryRun(): UseMutationResult<unknown, Error, string> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) => rpc("retry_automation_run", { run_id: runId }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: runsKey }),
  });
}

export interface Saved {
  id: string;
  version: number;
  is_enabled: boolean;
}

export async function saveRule(id: string, definition: Definition): Promise<Saved> {
  return shaped<Saved>(rpc("save_rule", { rule_id: id, definition: definition as unknown as Json }));
}

export function useSetEnabled(): UseMutationResult<unknown, Error, { id: string; isEnabled: boolean }> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, isEnabled }) => rpc("set_rule_enabled", { rule_id: id, is_enabled: isEnabled }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: rulesKey }),
  });
}

/** Asked as a sender would ask, for each of thousands. */
const dryRunTimeoutMs = 300_000;

export async function dryRun(id: string, from: string, to: string): Promise<DryRun> {
  return shaped<DryRun>(rpc("dry_run_rule", { rule_id: id, from_date: from, to_date: to }, dryRunTimeoutMs));
}

export interface LineFilter {
  verdict: Verdict;
  reason: string | null;
  position: number;
}

export function useLines(dryRunId: string, filter: LineFilter | null): UseInfiniteQueryResult<InfiniteData<Line[]>> {
  return useInfiniteQuery({
    queryKey: ["dry-run-lines", dryRunId, filter],
    queryFn: async ({ pageParam }) => {
      let query = db
        .from("rule_dry_run_lines")
        .select("place,position,action,verdict,reason,not_before,phone,body,price_micros,client:clients(id,name)")
        .eq("dry_run_id", dryRunId)
        .gt("place", pageParam)
        .order("place")
        .limit(pageSize);
      if (filter) query = query.eq("verdict", filter.verdict).eq("position", filter.position);
      if (filter?.reason) query = query.eq("reason", filter.reason);
      return unwrap<Line[]>(query.overrideTypes<Line[], { merge: false }>());
    },
    initialPageParam: 0,
    getNextPageParam: (last) => (last.length === pageSize ? last.at(-1)?.place : null),
  });
}

/** As far back as anybody looks. */
const maxVersions = 100;

export function useVersions(ruleId: string): UseQueryResult<Version[]> {
  return useQuery({
    queryKey: ["rule-versions", ruleId],
    queryFn: () =>
      unwrap<Version[]>(
        db
          .from("rule_versions")
          .select("version,definition,edited_by,edited_at")
          .eq("rule_id", ruleId)
          .order("version", { ascending: false })
          .limit(maxVersions)
          .overrideTypes<Version[], { merge: false }>(),
      ),
  });
}

/** Of everybody's standing; without a row of its own an agency has these. */
const usual: Policy = { undo_seconds: 10, is_stopped: false, stopped_channels: [] };

export function usePolicy(): UseQueryResult<Policy> {
  return useQuery({
    queryKey: policyKey,
    queryFn: async () => {
      const rows = await unwrap(
        db.from("automation_policies").select("undo_seconds,is_stopped,stopped_channels").limit(1),
      );
      return rows[0] ?? usual;
    },
    refetchInterval: refreshMs,
  });
}

export function useSavePolicy(tenantId: string): UseMutationResult<unknown, Error, Policy> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ stopped_channels, ...policy }) =>
      unwrap(
        db.from("automation_policies").upsert(
          {
            ...policy,
            stopped_channels: stopped_channels as ("whatsapp" | "call")[],
            tenant_id: tenantId,
          },
          { onConflict: "tenant_id" },
        ),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: policyKey }),
  });
}
