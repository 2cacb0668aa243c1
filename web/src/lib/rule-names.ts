import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { FilterNames } from "@/lib/filter-phrases";
import { db, readFunction, rpc, shaped, unwrap } from "@/lib/supabase";

export interface RuleTemplate {
  id: string;
  /** Of the provider, where it is known: two accounts may each have one of that name. */
  account?: string | null;
  name: string;
  body: string;
  variables: string[];
  status: "approved" | "paused" | "rejected";
}

/** What a rule speaks of by id. */
export interface Names extends FilterNames {
  templates: RuleTemplate[];
}

const staleMs = 60_000;
/** A tenant has tens. */
const maxTemplates = 500;

export function useTemplates(): UseQueryResult<RuleTemplate[]> {
  return useQuery({
    queryKey: ["rule-templates"],
    queryFn: () =>
      unwrap<RuleTemplate[]>(
        db
          .from("message_templates")
          .select("id,name,body,variables,status,account")
          .order("name")
          .limit(maxTemplates)
          .overrideTypes<RuleTemplate[], { merge: false }>(),
      ),
    staleTime: staleMs,
  });
}

export function useNames(): Names | undefined {
  const { data: templates } = useTemplates();
  const { data: options } = useQuery({
    queryKey: ["filter-options"],
    queryFn: () => shaped<FilterNames>(rpc("filter_options", {})),
    staleTime: staleMs,
  });
  return options && templates && { ...options, templates };
}

/** The dialer answers within seconds or not at all. */
const campaignsTimeoutMs = 15_000;

export function useCampaigns(): UseQueryResult<{ id: number; name: string }[]> {
  return useQuery({
    queryKey: ["rule-campaigns"],
    queryFn: async () => {
      const live = await readFunction<{ campaigns: { id: number; name: string }[] }>(
        "3cplus-campaigns",
        {},
        campaignsTimeoutMs,
      );
      return live.campaigns;
    },
    staleTime: staleMs,
    retry: false,
  });
}
