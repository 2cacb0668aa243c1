import type { ChargeMethod } from "@/lib/money-shapes";
import type { MessageStatus } from "@/lib/timeline";

export interface Person {
  id: string;
  name: string;
  document: string;
}

export interface Talk {
  id: string;
  /** E.164; null when the person shows a user name alone. */
  phone: string | null;
  business_user_id: string | null;
  contact_name: string | null;
  unread: number;
  last_message_at: string;
  last_inbound_at: string | null;
  /** Free text may go out until then. */
  window_until: string | null;
  opted_out_at: string | null;
  ignored_at: string | null;
  client: Person | null;
  sender: { id: string; name: string; phone: string; provider: string; state: string };
  owner: { user_id: string; name: string | null; is_here: boolean } | null;
  last_message: { direction: "in" | "out"; body: string; status: MessageStatus; media: string | null } | null;
}

export interface Media {
  type: string;
  name?: string | null;
  caption?: string | null;
  mime_type?: string | null;
  /** Whether the bytes are ours by now; left out for places and contacts. */
  status?: "waiting" | "kept" | "refused" | "failed" | "forgotten";
  size_bytes?: number | null;
  reason?: string | null;
  latitude?: number;
  longitude?: number;
  address?: string | null;
}

export interface Item {
  id: string;
  at: string;
  direction: "in" | "out";
  body: string;
  media: Media | null;
  status: MessageStatus;
  template_id: string | null;
  template: string | null;
  charge_id: string | null;
  error_code: string | null;
  sent_at: string | null;
  delivered_at: string | null;
  read_at: string | null;
  next_attempt_at: string | null;
  is_bulk: boolean;
  is_automatic: boolean;
  actor: string | null;
}

export type EventKind =
  | "assigned"
  | "taken_over"
  | "released"
  | "opted_out"
  | "linked"
  | "ignored"
  | "restored"
  | "number_changed";

export interface TalkEvent {
  id: string;
  kind: EventKind;
  at: string;
  actor: string | null;
  from: string | null;
  to: string | null;
}

export interface TalkPage {
  conversation: Talk;
  /** Newest first. */
  items: Item[];
  next: string | null;
  draft: string | null;
  events: TalkEvent[];
  /** Everybody of the carteira who has the number. */
  people: Person[];
  /** Why free text or a template would be refused now; null: it would not. */
  composer: { text: string | null; template: string | null; next_allowed_at: string | null };
}

export interface TalkFilter {
  owner?: string;
  client_id?: string;
  unread?: string;
  known?: string;
  ignored?: string;
}

export interface TalkList {
  rows: Talk[];
  next: string | null;
}

export interface Counts {
  mine: number;
  nobody: number;
  unknown: number;
}

export interface OfferedTemplate {
  id: string;
  name: string;
  category: string;
  body: string;
  reason: string | null;
  next_allowed_at: string | null;
  cost: { currency: string; price_micros: number; is_own: boolean } | null;
}

export interface CannedReply {
  id: string;
  shortcut: string;
  body: string;
}

export interface ChatCharge {
  id: string;
  installment_id: string;
  method: ChargeMethod;
  status: string;
  amount_cents: number;
  due_on: string;
}

export interface ChatInstallment {
  id: string;
  number: number;
  due_on: string;
  amount_cents: number;
  method: ChargeMethod;
}

export interface ChatCharges {
  charges: ChatCharge[];
  /** Without a charge that could be paid. */
  installments: ChatInstallment[];
}

/** What was clicked and is not in the talk yet. */
export interface Pending {
  /** The click's own id, which becomes the message's. */
  id: string;
  body: string;
  templateId: string | null;
  /** The failed charge message's charge, sent again. */
  chargeId: string | null;
  /** Epoch ms. */
  at: number;
  state: "sending" | "accepted" | "refused";
  code?: string | undefined;
  detail?: string | undefined;
}
