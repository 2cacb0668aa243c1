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
import type { BehindPage, Board, Card, Numbers, PanelFilter, Part, Split, Stock } from "./shapes";

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

export function useBehind(
  kpi: string,
  part: Part,
  filter: PanelFilter,
  enabled: boolean,
): UseInfiniteQueryResult<InfiniteData<BehindPage>> {
  return useInfiniteQuery({
    queryKey: ["panel", "rows", kpi, part, filter],
    queryFn: ({ pageParam }) =>
      shaped<BehindPage>(
        rpc("panel_rows", { kpi, part, filter: { ...filter }, ...(pageParam && { after: pageParam }) }),
      ),
    initialPageParam: null as string | null,
    enabled,
    getNextPageParam: (last) => last.next,
  });
}

/** The most the database gives at once: a download is few requests. */
const downloadPage = 200;

export async function* allBehind(kpi: string, part: Part, filter: PanelFilter): AsyncGenerator<BehindPage["rows"]> {
  for (let after: string | null = null; ; ) {
    const { rows, next }: BehindPage = await shaped<BehindPage>(
      rpc("panel_rows", {
        kpi,
        part,
        filter: { ...filter },
        ...(after !== null && { after }),
        page_size: downloadPage,
      }),
    );
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
