import {
  type InfiniteData,
  type QueryKey,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { ChargeMethod } from "@/lib/money-shapes";
import { callFunction, db, downloadFrom, fetchFrom, rpc, shaped, unwrap } from "@/lib/supabase";
import type {
  CannedReply,
  ChatCharge,
  ChatCharges,
  ChatInstallment,
  Counts,
  OfferedTemplate,
  Pending,
  Person,
  TalkFilter,
  TalkList,
  TalkPage,
} from "./shapes";

export const talksKey: QueryKey = ["talks"];
export const countsKey: QueryKey = ["talk-counts"];

export function talkKey(id: string): QueryKey {
  return ["talk", id];
}

export function fetchPage(id: string, before?: string): Promise<TalkPage> {
  return shaped<TalkPage>(rpc("conversation_page", { conversation_id: id, ...(before && { before }) }));
}

export function useTalks(filter: TalkFilter): UseInfiniteQueryResult<InfiniteData<TalkList>> {
  return useInfiniteQuery({
    queryKey: [...talksKey, filter],
    queryFn: ({ pageParam }) =>
      shaped<TalkList>(rpc("list_conversations", { filter: { ...filter }, ...(pageParam && { after: pageParam }) })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export function useCounts(): UseQueryResult<Counts> {
  return useQuery({ queryKey: countsKey, queryFn: () => shaped<Counts>(rpc("conversation_counts", {})) });
}

export async function sendPending({ id, body, templateId, chargeId }: Pending, talkId: string): Promise<void> {
  const what = templateId ? { template_id: templateId } : { body };
  if (chargeId) await rpc("send_charge", { charge_id: chargeId, message_id: id });
  else await rpc("send_chat_message", { conversation_id: talkId, message_id: id, ...what });
}

export async function openTalk(clientId: string): Promise<string> {
  return shaped<string>(rpc("open_conversation", { client_id: clientId }));
}

export async function takeTalk(id: string, userId: string | null): Promise<void> {
  await rpc("take_conversation", { conversation_id: id, user_id: userId as string });
}

export async function linkTalk(id: string, clientId: string): Promise<void> {
  await rpc("link_conversation", { conversation_id: id, client_id: clientId });
}

export async function ignoreTalk(id: string, isIgnored: boolean): Promise<void> {
  await rpc("ignore_conversation", { conversation_id: id, is_ignored: isIgnored });
}

export async function readTalk(id: string, upTo: string): Promise<void> {
  await rpc("read_conversation", { conversation_id: id, message_id: upTo });
}

/** One draft per person and talk; an upsert would need rights over the columns that never change. */
export async function saveDraft(talkId: string, body: string): Promise<void> {
  const drafts = () => db.from("conversation_drafts");
  if (body === "") {
    await unwrap(drafts().delete().eq("conversation_id", talkId));
    return;
  }
  const update = { body, updated_at: new Date().toISOString() };
  const changed = await unwrap(drafts().update(update).eq("conversation_id", talkId).select("user_id"));
  if (changed.length === 0) await unwrap(drafts().insert({ conversation_id: talkId, body }));
}

/** As many as a list that opens over the keyboard can hold in one's head, several times over. */
const maxReplies = 200;

export function useCannedReplies(): UseQueryResult<CannedReply[]> {
  return useQuery({
    queryKey: ["canned-replies"],
    queryFn: () =>
      unwrap<CannedReply[]>(db.from("canned_replies").select("id,shortcut,body").order("shortcut").limit(maxReplies)),
  });
}

/** The reply as this client would read it; without a client as it was written. */
export async function renderReply(
  reply: CannedReply,
  clientId: string | undefined,
): Promise<{ body: string; missing: string[] }> {
  if (!clientId) return { body: reply.body, missing: [] };
  return shaped<{ body: string; missing: string[] }>(
    rpc("render_canned_reply", { reply_id: reply.id, client_id: clientId }),
  );
}

export function useOfferedTemplates(talkId: string): UseQueryResult<OfferedTemplate[]> {
  return useQuery({
    queryKey: ["talk-templates", talkId],
    queryFn: () => shaped<OfferedTemplate[]>(rpc("conversation_templates", { conversation_id: talkId })),
    staleTime: 0,
  });
}

/** A screenful of people; who is not among them is searched for more precisely. */
const shownHits = 8;

export function useClientSearch(q: string): UseQueryResult<Person[]> {
  return useQuery({
    queryKey: ["talk-search", q],
    queryFn: async () =>
      (await shaped<{ rows: Person[] }>(rpc("list_clients", { filter: { q }, page_size: shownHits }))).rows,
    enabled: q.trim().length > 1,
  });
}

const mediaTimeoutMs = 60_000; // sixteen megabytes over a mobile line

/** An address in this browser's memory; a kept file never changes. */
export function useMedia(messageId: string, isWanted: boolean): UseQueryResult<string> {
  return useQuery({
    queryKey: ["message-media", messageId],
    queryFn: async () =>
      URL.createObjectURL(await fetchFrom("message-media", { message_id: messageId }, mediaTimeoutMs)),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export async function sendFile(form: FormData): Promise<void> {
  await callFunction("send-file", form, {}, mediaTimeoutMs);
}

export function downloadMedia(messageId: string): Promise<void> {
  return downloadFrom("message-media", {}, mediaTimeoutMs, { message_id: messageId });
}

/** As many as anybody reads through in a chat; the agreement's page has them all. */
const maxCharges = 6;

/** What the client may pay next, the oldest first. */
export function useChatCharges(clientId: string): UseQueryResult<ChatCharges> {
  return useQuery({
    queryKey: ["chat-charges", clientId],
    queryFn: async () => {
      const [charges, installments] = await Promise.all([
        unwrap<ChatCharge[]>(
          db
            .from("charges")
            .select("id,installment_id,method,status,amount_cents,due_on")
            .eq("client_id", clientId)
            .eq("is_wanted", true)
            .in("status", ["queued", "sending", "unknown", "registering", "open"])
            .order("due_on")
            .limit(maxCharges),
        ),
        unwrap<(ChatInstallment & { agreements: { status: string } })[]>(
          db
            .from("installments")
            .select("id,number,due_on,amount_cents,method,agreements!inner(status)")
            .eq("client_id", clientId)
            .eq("status", "open")
            .in("agreements.status", ["awaiting_first_payment", "active", "overdue", "broken_provisionally"])
            .order("due_on")
            .limit(maxCharges),
        ),
      ]);
      const issued = new Set(charges.map(({ installment_id }) => installment_id));
      return { charges, installments: installments.filter(({ id }) => !issued.has(id)) };
    },
  });
}

export async function issueCharge(installmentId: string, method: ChargeMethod): Promise<string> {
  const wanted = { installment_ids: [installmentId], method };
  const [made] = await shaped<{ charge_id: string }[]>(rpc("request_charges", wanted));
  return made?.charge_id ?? "";
}

export async function saveAddress(clientId: string, address: Record<string, string>): Promise<void> {
  await rpc("save_client_address", { client_id: clientId, address });
}

export async function chargeStatus(chargeId: string): Promise<{ status: string; error_code: string | null }> {
  const [charge] = await unwrap(db.from("charges").select("status,error_code").eq("id", chargeId));
  return charge ?? { status: "failed", error_code: "charge_not_found" };
}
