import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { Json } from "@/lib/database.types";
import { db, download, rpc, shaped, unwrap } from "@/lib/supabase";
import type { PortfolioFilter, Sort } from "./filter";
import type { Selection } from "./selection";
import type {
  BulkAction,
  BulkOutcome,
  Eligibility,
  ExportOutcome,
  FilterCounts,
  FilterOptions,
  PortfolioPage,
  Segment,
  TagName,
  Totals,
} from "./shapes";

/** Two screens of rows, one of dense ones: the next page is there before the eye is. */
const pageSize = 60;

export function usePortfolio(filter: PortfolioFilter, sort: Sort): UseInfiniteQueryResult<InfiniteData<PortfolioPage>> {
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: ["portfolio", filter, sort],
      queryFn: ({ pageParam }) =>
        shaped<PortfolioPage>(
          rpc("list_clients", {
            filter: asJson(filter),
            page_size: pageSize,
            sort,
            ...(pageParam && { after: pageParam }),
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next,
      placeholderData: keepPreviousData,
    }),
  );
}

/** Our own closed shapes: objects of texts, numbers, booleans and lists, which is what JSON is. */
function asJson(value: PortfolioFilter | Selection): Json {
  return value as unknown as Json;
}

export function useTotals(selection: Selection): UseQueryResult<Totals> {
  return useQuery({
    queryKey: ["portfolio-totals", selection],
    queryFn: () => shaped<Totals>(rpc("selection_totals", { selection: asJson(selection) })),
    placeholderData: keepPreviousData,
  });
}

/** Of the named facets; without names, of all. */
export function useFilterCounts(filter: PortfolioFilter, facets?: string[]): UseQueryResult<FilterCounts> {
  return useQuery({
    queryKey: ["portfolio-counts", filter, facets],
    queryFn: () => shaped<FilterCounts>(rpc("filter_counts", { filter: asJson(filter), ...(facets && { facets }) })),
    placeholderData: keepPreviousData,
  });
}

export function useFilterOptions(): UseQueryResult<FilterOptions> {
  return useQuery({
    queryKey: ["filter-options"],
    queryFn: () => shaped<FilterOptions>(rpc("filter_options", {})),
    staleTime: 60_000,
  });
}

export function useEligibility(selection: Selection, action: BulkAction): UseQueryResult<Eligibility> {
  return useQuery({
    queryKey: ["eligibility", action, selection],
    queryFn: () => shaped<Eligibility>(rpc("bulk_eligibility", { selection: asJson(selection), action })),
    // People leave and hours pass: an answer of a dialog before says nothing about this one.
    gcTime: 0,
  });
}

/** The database gives an action on the whole carteira 5 minutes. */
const bulkTimeoutMs = 300_000;

export async function assign(selection: Selection, userId: string | null): Promise<BulkOutcome> {
  // The generator does not know that an argument may be null; for this one null is nobody.
  const args = { selection: asJson(selection), user_id: userId as string };
  return shaped<BulkOutcome>(rpc("bulk_assign", args, bulkTimeoutMs));
}

export async function tagClients(selection: Selection, tagId: string, remove: boolean): Promise<BulkOutcome> {
  return shaped<BulkOutcome>(rpc("bulk_tag", { selection: asJson(selection), tag_id: tagId, remove }, bulkTimeoutMs));
}

export async function createTag(name: string, color: string): Promise<TagName> {
  return unwrap<TagName>(db.from("tags").insert({ name, color }).select("id,name,color").single());
}

/** Answers the id by which the page asks how the download ended: the browser tells that to nobody. */
export async function exportClients(selection: Selection): Promise<string> {
  const runId = crypto.randomUUID();
  await download("portfolio-export", { selection: asJson(selection), run_id: runId });
  return runId;
}

/** Between two looks at a download: soon enough for who waits for it. */
const outcomeEveryMs = 2000;

export function useExportOutcome(runId: string | null): ExportOutcome | undefined {
  const { data } = useQuery({
    queryKey: ["export-outcome", runId],
    queryFn: () => shaped<ExportOutcome>(rpc("export_outcome", { run_id: runId ?? "" })),
    enabled: runId !== null,
    refetchInterval: ({ state }) =>
      state.data?.state === "complete" || state.data?.state === "incomplete" ? false : outcomeEveryMs,
    gcTime: 0,
  });
  return data;
}

/** What a menu can show; who has more needs a search box. */
const maxSegments = 200;

export function useSegments(): UseQueryResult<Segment[]> {
  return useQuery({
    queryKey: ["segments"],
    queryFn: async () => {
      const columns = "id,owner_id,name,filter,sort,is_shared";
      const rows = await unwrap(db.from("segments").select(columns).order("name").limit(maxSegments));
      return rows as unknown as Segment[];
    },
    staleTime: 60_000,
  });
}

export async function saveSegment(name: string, filter: PortfolioFilter, sort: Sort, shared: boolean): Promise<void> {
  await unwrap(db.from("segments").insert({ name, filter: asJson(filter), sort, is_shared: shared }));
}

export async function deleteSegment(id: string): Promise<void> {
  await unwrap(db.from("segments").delete().eq("id", id));
}
