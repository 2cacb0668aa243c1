import {
  type InfiniteData,
  type QueryClient,
  type QueryKey,
  type UseInfiniteQueryResult,
  useInfiniteQuery,
} from "@tanstack/react-query";
import type { AgreementStatus, ChargeMethod } from "@/lib/money-shapes";
import { rpc, shaped } from "@/lib/supabase";

export type MessageStatus =
  | "queued"
  | "sending"
  | "unknown"
  | "submitted"
  | "sent"
  | "delivered"
  | "read"
  | "failed"
  | "received";

interface Base {
  id: string;
  at: string;
  actor: string | null;
}

export interface DispositionItem extends Base {
  kind: "disposition";
  type: string;
  label: string;
  notes: string | null;
  scheduled_callback: string | null;
  /** Taken back: it stands as it was made, and counts no more. */
  undone_at: string | null;
  /** Null when nobody can take it back any more. */
  undo_until: string | null;
  is_mine: boolean;
}

export interface MessageItem extends Base {
  kind: "message";
  direction: "in" | "out";
  channel: string;
  phone: string;
  body: string;
  media: { type: string } | null;
  status: MessageStatus;
  error_code: string | null;
  sent_at: string | null;
  delivered_at: string | null;
  read_at: string | null;
  failed_at: string | null;
}

export interface AutomationItem extends Base {
  kind: "automation";
  rule: string;
  status: "queued" | "running" | "done" | "skipped" | "failed";
  reason: string | null;
}

export interface CallbackItem extends Base {
  kind: "callback";
  due_at: string;
  status: "scheduled" | "done" | "cancelled";
  note: string | null;
}

export interface CallItem extends Base {
  kind: "call";
  phone: string | null;
  status: string;
  mode: string | null;
  campaign: string | null;
  talk_seconds: number | null;
  ended_at: string | null;
  is_recorded: boolean;
  qualification: string | null;
  /** Who said it: our screen, a person at the dialer, or its timer. */
  qualification_source: "ours" | "dialer" | "automatic" | null;
  qualify_status: "queued" | "done" | "failed" | "no_mapping" | "no_agent_token" | null;
}

export interface ImportItem extends Base {
  kind: "import";
  /** Null when a program sent rows, not a file. */
  file_name: string | null;
}

export interface AgreementItem extends Base {
  kind: "agreement";
  agreement_id: string;
  creditor: string;
  total_cents: number;
  event: string;
  from_status: AgreementStatus | null;
  to_status: AgreementStatus | null;
  reason: string | null;
}

export interface PaymentItem extends Base {
  kind: "payment";
  amount_cents: number;
  /** Business date. */
  paid_on: string;
  method: ChargeMethod | null;
  agreement_id: string | null;
  is_manual: boolean;
}

/** A payment that was taken back. */
export interface ReversalItem extends Base {
  kind: "reversal";
  amount_cents: number;
  /** Business date. */
  paid_on: string;
  reason: string;
}

/** What was done about a WhatsApp talk. */
export interface ConversationItem extends Base {
  kind: "conversation";
  event: "assigned" | "taken_over" | "released" | "opted_out" | "linked" | "ignored" | "restored" | "number_changed";
  conversation_id: string;
  to: string | null;
}

/** Somebody is not to be contacted, or is again. */
export interface SuppressionItem extends Base {
  kind: "suppression" | "suppression_lifted";
  /** Null: the person, by every number. */
  phone: string | null;
  /** Null: every channel. */
  channel: "whatsapp" | "call" | null;
  reason: string;
  until: string | null;
}

export type MoneyItem = AgreementItem | PaymentItem | ReversalItem;
export type TimelineItem =
  | DispositionItem
  | MessageItem
  | AutomationItem
  | CallbackItem
  | CallItem
  | ImportItem
  | ConversationItem
  | SuppressionItem
  | MoneyItem;

export interface TimelinePage {
  items: TimelineItem[];
  next: string | null;
}

export function timelineKey(clientId: string): QueryKey {
  return ["timeline", clientId];
}

/** Hands over the first page that another RPC already brought, so that the screen costs one request. */
export function seedTimeline(queryClient: QueryClient, clientId: string, first: TimelinePage): void {
  if (queryClient.getQueryData(timelineKey(clientId))) return;
  queryClient.setQueryData<InfiniteData<TimelinePage, string | null>>(timelineKey(clientId), {
    pages: [first],
    pageParams: [null],
  });
}

export function useTimeline(clientId: string): UseInfiniteQueryResult<TimelineItem[]> {
  return useInfiniteQuery({
    queryKey: timelineKey(clientId),
    queryFn: ({ pageParam }) =>
      shaped<TimelinePage>(rpc("client_timeline", { client_id: clientId, ...(pageParam && { before: pageParam }) })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    select: (data) => uniqueById(data.pages.flatMap((page) => page.items)).filter(isTold),
    staleTime: 5_000,
  });
}

/** A rule that was never for this client says so in its own log; twenty of them would bury what happened here. */
function isTold(item: TimelineItem): boolean {
  return item.kind !== "automation" || item.reason !== "filter_left";
}

/** A page boundary that moved between two fetches repeats an item; the newest reading comes first and stays. */
export function uniqueById(items: TimelineItem[]): TimelineItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = `${item.kind}:${item.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
