import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  skipToken,
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
  AssignOutcome,
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

/** `assignee`: the colleague who would take them, who may not see them all. */
export function useEligibility(
  selection: Selection,
  action: BulkAction,
  assignee: string | null,
): UseQueryResult<Eligibility> {
  const args = { selection: asJson(selection), action, ...(assignee && { assignee }) };
  return useQuery({
    queryKey: ["eligibility", action, selection, assignee],
    queryFn: () => shaped<Eligibility>(rpc("bulk_eligibility", args)),
    // People leave and hours pass: an answer of a dialog before says nothing about this one.
    gcTime: 0,
  });
}

/** The database gives an action on the whole carteira 5 minutes. */
const bulkTimeoutMs = 300_000;

export async function assign(selection: Selection, userId: string | null): Promise<AssignOutcome> {
  // The generator does not know that an argument may be null; for this one null is nobody.
  const args = { selection: asJson(selection), user_id: userId as string };
  return shaped<AssignOutcome>(rpc("bulk_assign", args, bulkTimeoutMs));
}

export async function tagClients(selection: Selection, tagId: string, remove: boolean): Promise<BulkOutcome> {
  return shaped<BulkOutcome>(rpc("bulk_tag", { selection: asJson(selection), tag_id: tagId, remove }, bulkTimeoutMs));
}

export async function createTag(name: string, color: string): Promise<TagName> {
  return unwrap<TagName>(db.from("tags").insert({ name, color }).select("id,name,color").single());
}

export interface ExportRun {
  id: string;
  /** In ms, when the browser was sent for the file. */
  sentAt: number;
}

/** Answers the run by which the page asks how the download ended: the browser tells that to nobody. */
export async function exportClients(selection: Selection): Promise<ExportRun> {
  const id = crypto.randomUUID();
  await download("portfolio-export", { selection: asJson(selection), run_id: id });
  return { id, sentAt: Date.now() };
}

/** Between two looks at a download: soon enough for who waits for it. */
const outcomeEveryMs = 2000;

/** A ticket lives for a minute, and half a one is for the way: what has not begun by then was refused unseen. */
const beginsWithinMs = 90_000;

async function outcomeOf({ id, sentAt }: ExportRun): Promise<ExportOutcome> {
  const told = await shaped<ExportOutcome>(rpc("export_outcome", { run_id: id }));
  return told.state === "waiting" && Date.now() - sentAt > beginsWithinMs ? { ...told, state: "refused" } : told;
}

export function useExportOutcome(run: ExportRun | null): ExportOutcome | undefined {
  const { data } = useQuery({
    queryKey: ["export-outcome", run?.id],
    queryFn: run ? () => outcomeOf(run) : skipToken,
    refetchInterval: ({ state }) =>
      state.data?.state === "running" || state.data?.state === "waiting" ? outcomeEveryMs : false,
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
