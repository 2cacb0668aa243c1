import {
  type InfiniteData,
  keepPreviousData,
  type QueryKey,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { AppError } from "@/lib/errors";
import { callFunction, db, download, rpc, shaped, unwrap } from "@/lib/supabase";
import type {
  Batch,
  BatchFilter,
  BatchList,
  Forecast,
  ResultFilter,
  ResultPage,
  Segment,
  Sender,
  Template,
} from "./shapes";
import { asJson, asked, type Wish } from "./wish";

export const batchesKey: QueryKey = ["batches"];
export const sendersKey: QueryKey = ["broadcast-senders"];
export const templatesKey: QueryKey = ["broadcast-templates"];

export function batchKey(id: string): QueryKey {
  return ["batch", id];
}

export function resultsKey(id: string): QueryKey {
  return ["batch-results", id];
}

/** A screen and a half; each row brings its numbers. */
const pageSize = 25;
/** Rows of people are cheap. */
const resultsSize = 100;

export function useBatches(filter: BatchFilter): UseInfiniteQueryResult<InfiniteData<BatchList>> {
  return useInfiniteQuery({
    queryKey: [...batchesKey, filter],
    queryFn: ({ pageParam }) =>
      shaped<BatchList>(
        rpc("list_message_batches", {
          filter: asJson(filter),
          page_size: pageSize,
          ...(pageParam && { after: pageParam }),
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export function useBatch(id: string): UseQueryResult<Batch> {
  return useQuery({
    queryKey: batchKey(id),
    queryFn: () => shaped<Batch>(rpc("message_batch", { batch_id: id })),
  });
}

export function useResults(id: string, filter: ResultFilter): UseInfiniteQueryResult<InfiniteData<ResultPage>> {
  return useInfiniteQuery({
    queryKey: [...resultsKey(id), filter],
    queryFn: ({ pageParam }) =>
      shaped<ResultPage>(
        rpc("batch_results", {
          batch_id: id,
          filter: asJson(filter),
          page_size: resultsSize,
          ...(pageParam && { after: pageParam }),
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export function useSenders(): UseQueryResult<Sender[]> {
  const columns =
    "id,provider,name,phone,state,quality,throughput_per_second,is_default,paused_reason,paused_detail,paused_until";
  return useQuery({
    queryKey: sendersKey,
    queryFn: () =>
      unwrap<Sender[]>(
        db
          .from("senders")
          .select(columns)
          .order("is_default", { ascending: false })
          .order("name")
          .overrideTypes<Sender[], { merge: false }>(),
      ),
  });
}

export function useTemplates(): UseQueryResult<Template[]> {
  return useQuery({
    queryKey: templatesKey,
    queryFn: async () => (await shaped<{ rows: Template[] }>(rpc("list_templates", {}))).rows,
  });
}

export function useForecast(wish: Wish): UseQueryResult<Forecast> {
  return useQuery({
    queryKey: ["broadcast-forecast", wish],
    queryFn: () => shaped<Forecast>(rpc("preview_message_batch", asked(wish))),
    enabled: Boolean(wish.senderId && wish.templateId),
    placeholderData: keepPreviousData,
    // People leave and hours pass: what was told minutes ago says nothing about now.
    gcTime: 0,
  });
}

/** The database takes up to five minutes to write a million recipients, and an answer is waited for fifteen seconds: the
 * same question again waits behind the first, whose batch it then is. */
const patience = 20;
/** Sooner than this nobody was waited for: the connection is gone. */
const waitedMs = 10_000;

export async function createBatch(id: string, name: string, wish: Wish): Promise<void> {
  for (let left = patience; ; left -= 1) {
    const began = Date.now();
    try {
      await rpc("create_message_batch", { id, name, ...asked(wish) });
      return;
    } catch (error) {
      const isLate = error instanceof AppError && error.code === "offline" && Date.now() - began > waitedMs;
      if (!isLate || left === 0) throw error;
    }
  }
}

export type Change = "confirm" | "refuse" | "pause" | "resume" | "cancel";

export function changeBatch(id: string, change: Change, reason?: string): Promise<unknown> {
  return rpc("change_message_batch", { batch_id: id, change, ...(reason && { reason }) });
}

export function retryBatch(id: string): Promise<number> {
  return shaped<number>(rpc("retry_message_batch", { batch_id: id }));
}

/** Some may get it twice, which whoever asks was told. Without people: all of the batch's. */
export function retryDoubts(id: string, clientIds?: string[]): Promise<number> {
  const people = clientIds && { client_ids: clientIds };
  return shaped<number>(rpc("retry_doubtful_messages", { batch_id: id, accepts_doubles: true, ...people }));
}

export function resumeSender(id: string): Promise<unknown> {
  return rpc("set_sender_state", { sender_id: id, state: "active" });
}

/** The provider lists up to 6,000, a page at a time. */
const syncTimeoutMs = 60_000;

export function syncTemplates(): Promise<unknown> {
  return callFunction<unknown>("sync-templates", "{}", {}, syncTimeoutMs);
}

export type FileKind = "csv" | "xlsx";

export function downloadResults(id: string, filter: ResultFilter, format: FileKind): Promise<void> {
  return download("batch-results", { batch_id: id, format, ...filter });
}

/** What a short list can show; who has more chooses in the carteira. */
const shownSegments = 30;

export function useSegments(): UseQueryResult<Segment[]> {
  return useQuery({
    queryKey: ["broadcast-segments"],
    queryFn: async () => {
      const rows = await unwrap(db.from("segments").select("id,name,filter").order("name").limit(shownSegments));
      return rows as unknown as Segment[];
    },
  });
}
