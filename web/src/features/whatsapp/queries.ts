import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Database, Json } from "@/lib/database.types";
import { callFunction, db, rpc, shaped, unwrap } from "@/lib/supabase";

type Tables = Database["public"]["Tables"];
export type Sender = Tables["senders"]["Row"];
export type Reply = Pick<Tables["canned_replies"]["Row"], "id" | "shortcut" | "body">;
export type WhatsappProvider = Exclude<Database["public"]["Enums"]["provider_name"], "threecplus" | "negociarie">;

interface Declared {
  provider: WhatsappProvider;
  words: { name: string; account: string } | null;
}

/** For admins, who alone add numbers and prices. */
export function useProviders(): { value: WhatsappProvider; label: string; account: string }[] {
  const { data = [] } = useQuery({
    queryKey: [...whatsappKey, "providers"],
    queryFn: () => shaped<Declared[]>(rpc("integration_page", {})),
  });
  return data.flatMap(({ provider, words }) =>
    words ? [{ value: provider, label: words.name, account: words.account }] : [],
  );
}

export interface Template {
  id: string;
  provider: WhatsappProvider;
  /** In whose list it is; null: it was never listed. */
  account: string | null;
  name: string;
  language: string;
  category: string;
  body: string;
  /** The field that fills each numbered variable; "" is one that nobody has bound yet. */
  variables: string[];
  provider_status: string | null;
  status: string;
  header_type: string | null;
  header_link: string | null;
  header_name: string | null;
  synced_at: string | null;
  /** What keeps it from being sent; null: nothing does. */
  obstacle: string | null;
}

export interface Preview {
  body: string;
  missing: string[];
}

export interface Price {
  provider: WhatsappProvider;
  category: string;
  currency: string;
  /** Millionths of the currency. */
  price_micros: number;
  is_free_in_window: boolean;
  valid_from: string;
  is_own: boolean;
  is_current: boolean;
  source: string | null;
}

export interface Synced {
  provider: WhatsappProvider;
  error: string | null;
  listed?: number;
  gone?: number;
  /** Which of its accounts kept what they had, for the error. */
  accounts?: string[];
}

export interface SenderInput {
  provider: WhatsappProvider;
  name: string;
  phone: string;
  account: string;
  throughput_per_second: number;
  is_default: boolean;
}

export const whatsappKey = ["whatsapp-settings"];

/** More senders or replies than an agency has. */
const maxRows = 300;
/** Fifty pages of a provider's list at ten seconds each would be a fault of theirs. */
const syncTimeoutMs = 120_000;

export function useSenders(): UseQueryResult<Sender[]> {
  return useQuery({
    queryKey: [...whatsappKey, "senders"],
    queryFn: () => unwrap<Sender[]>(db.from("senders").select().order("created_at").limit(maxRows)),
  });
}

/** The account names the sender: saving it again changes it. */
export async function saveSender(sender: SenderInput): Promise<void> {
  await rpc("save_sender", { sender: { ...sender } });
}

export async function setSenderState(id: string, state: Sender["state"]): Promise<void> {
  await rpc("set_sender_state", { sender_id: id, state });
}

export function useTemplates(search: string): UseQueryResult<{ rows: Template[]; has_more: boolean }> {
  return useQuery({
    queryKey: [...whatsappKey, "templates", search],
    queryFn: () => shaped<{ rows: Template[]; has_more: boolean }>(rpc("list_templates", { search })),
    placeholderData: keepPreviousData,
  });
}

export async function syncTemplates(): Promise<Synced[]> {
  const { synced } = await callFunction<{ synced: Synced[] }>("sync-templates", "{}", {}, syncTimeoutMs);
  return synced;
}

export async function bindTemplate(
  id: string,
  bound: { variables: string[]; header_link: string | null; header_name: string | null },
): Promise<void> {
  await unwrap(db.from("message_templates").update(bound).eq("id", id));
}

export async function previewTemplate(templateId: string, clientId: string): Promise<Preview> {
  return shaped<Preview>(rpc("preview_template", { template_id: templateId, client_id: clientId }));
}

export interface Found {
  id: string;
  name: string;
  document: string;
}

/** As many as fit under the field; whoever searches goes on typing. */
const shownClients = 6;

export function useFoundClients(words: string): UseQueryResult<Found[]> {
  return useQuery({
    queryKey: [...whatsappKey, "clients", words],
    enabled: words.length >= 3,
    queryFn: async () => {
      const filter: Json = { q: words };
      const page = await shaped<{ rows: Found[] }>(rpc("list_clients", { filter, page_size: shownClients }));
      return page.rows;
    },
  });
}

export function useRateCard(): UseQueryResult<Price[]> {
  return useQuery({
    queryKey: [...whatsappKey, "rates"],
    queryFn: () => shaped<Price[]>(rpc("rate_card", {})),
  });
}

export async function addPrice(price: Tables["rate_cards"]["Insert"]): Promise<void> {
  await unwrap(db.from("rate_cards").insert(price));
}

/** The number that holds while an agency has set none (private.confirmation_limit). */
export const usualLimit = 5000;

export function useConfirmationLimit(): UseQueryResult<number> {
  return useQuery({
    queryKey: [...whatsappKey, "limit"],
    queryFn: async () => {
      const rows = await unwrap(db.from("message_policies").select("confirm_above_recipients").limit(1));
      return rows[0]?.confirm_above_recipients ?? usualLimit;
    },
  });
}

/** The agency is the caller's: its column has that default, and nobody is granted to change it. */
export async function saveConfirmationLimit(recipients: number): Promise<void> {
  const row = { confirm_above_recipients: recipients };
  await unwrap(db.from("message_policies").upsert(row, { onConflict: "tenant_id" }));
}

export function useReplies(): UseQueryResult<Reply[]> {
  return useQuery({
    queryKey: [...whatsappKey, "replies"],
    queryFn: () =>
      unwrap<Reply[]>(db.from("canned_replies").select("id,shortcut,body").order("shortcut").limit(maxRows)),
  });
}

export async function saveReply({ id, ...said }: Omit<Reply, "id"> & { id: string | null }): Promise<void> {
  await unwrap(
    id === null ? db.from("canned_replies").insert(said) : db.from("canned_replies").update(said).eq("id", id),
  );
}

export async function deleteReply(id: string): Promise<void> {
  await unwrap(db.from("canned_replies").delete().eq("id", id));
}
