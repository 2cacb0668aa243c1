import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { PickedCreditor } from "@/lib/creditor-choices";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import type { Behind, BehindPage, Board, Card, Cohort, Numbers, PanelFilter, Split, Stock } from "./shapes";

/** Who begins and ends is told; what nobody tells (a queue that drains, a provider that falls silent) is asked. */
const boardRefreshMs = 20_000;
export const panelKey = ["panel"];
export const boardKey = ["panel", "board"];
/** As many names as a list that is read with the eyes. */
const maxNames = 500;

export function useBoard(enabled: boolean): UseQueryResult<Board> {
  return useQuery({
    queryKey: boardKey,
    queryFn: () => shaped<Board>(rpc("panel_board", {})),
    refetchInterval: boardRefreshMs,
    enabled,
  });
}

export function useCards(enabled: boolean): UseQueryResult<Card[]> {
  return useQuery({
    queryKey: ["panel", "cards"],
    queryFn: () => shaped<Card[]>(rpc("panel_cards", {})),
    staleTime: Number.POSITIVE_INFINITY,
    enabled,
  });
}

export function useNumbers(filter: PanelFilter, split: Split, enabled: boolean): UseQueryResult<Numbers> {
  return useQuery({
    queryKey: ["panel", "numbers", filter, split],
    queryFn: () => shaped<Numbers>(rpc("panel_numbers", { filter: { ...filter }, split_by: split })),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useStock(filter: PanelFilter): UseQueryResult<Stock> {
  return useQuery({
    queryKey: ["panel", "stock", filter],
    queryFn: () => shaped<Stock>(rpc("panel_portfolio", { filter: { ...filter } })),
    placeholderData: keepPreviousData,
  });
}

export function useCohorts(filter: PanelFilter): UseQueryResult<Cohort[]> {
  return useQuery({
    queryKey: ["panel", "cohorts", filter],
    queryFn: () => shaped<Cohort[]>(rpc("panel_cohorts", { filter: { ...filter } })),
    placeholderData: keepPreviousData,
  });
}

/** Where rows are read on from, and how many. */
interface Place {
  after?: string;
  page_size?: number;
}

function behindPage(of: Behind, filter: PanelFilter, place: Place): Promise<BehindPage> {
  if ("kpi" in of) return shaped<BehindPage>(rpc("panel_rows", { ...of, filter: { ...filter }, ...place }));
  return shaped<BehindPage>(
    rpc("panel_stock_rows", {
      part: of.table,
      // The signature that is generated does not know that a band may be all of them.
      band: of.band as string,
      ...(of.outcome !== undefined && { outcome: of.outcome }),
      filter: { ...filter },
      ...place,
    }),
  );
}

export function useBehind(of: Behind, filter: PanelFilter): UseInfiniteQueryResult<InfiniteData<BehindPage>> {
  return useInfiniteQuery({
    queryKey: ["panel", "rows", of, filter],
    queryFn: ({ pageParam }) => behindPage(of, filter, pageParam === null ? {} : { after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** The most the database gives at once: a download is few requests. */
const downloadPage = 2_000;

export async function* allBehind(of: Behind, filter: PanelFilter): AsyncGenerator<BehindPage["rows"]> {
  for (let after: string | null = null; ; ) {
    const { rows, next }: BehindPage = await behindPage(of, filter, {
      page_size: downloadPage,
      ...(after !== null && { after }),
    });
    yield rows;
    if (next === null) return;
    after = next;
  }
}

export interface Names {
  creditors: PickedCreditor[];
  people: { user_id: string; display_name: string }[];
  teams: { id: string; name: string }[];
}

export function useNames(enabled: boolean): UseQueryResult<Names> {
  return useQuery({
    queryKey: ["panel", "names"],
    queryFn: async () => {
      const [creditors, people, teams] = await Promise.all([
        unwrap<Names["creditors"]>(db.from("creditors").select("id,name,is_active").order("name").limit(maxNames)),
        unwrap<Names["people"]>(
          db.from("memberships").select("user_id,display_name").order("display_name").limit(maxNames),
        ),
        unwrap<Names["teams"]>(
          db.from("teams").select("id,name").is("archived_at", null).order("name").limit(maxNames),
        ),
      ]);
      return { creditors, people, teams };
    },
    enabled,
  });
}

/** Years of monthly corrections. */
const maxCosts = 200;

export interface CostRate {
  id: string;
  kind: string;
  currency: string;
  price_micros: number;
  valid_from: string;
}

export function useCosts(): UseQueryResult<CostRate[]> {
  return useQuery({
    queryKey: ["panel", "costs"],
    queryFn: () =>
      unwrap<CostRate[]>(
        db
          .from("cost_rates")
          .select("id,kind,currency,price_micros,valid_from")
          .order("valid_from", { ascending: false })
          .order("created_at", { ascending: false })
          .limit(maxCosts),
      ),
  });
}

export async function addCost(cost: Omit<CostRate, "id">): Promise<void> {
  await unwrap(db.from("cost_rates").insert(cost));
}
