import { type UseInfiniteQueryResult, type UseQueryResult, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Client, Debt, Phone } from "@/lib/client-shapes";
import type { Json } from "@/lib/database.types";
import { AppError } from "@/lib/errors";
import type { AgreementRow, ChargeMethod } from "@/lib/money-shapes";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

export interface TagName {
  id: string;
  name: string;
  color: string;
}

export interface ProfileClient extends Client {
  extra: Record<string, unknown> | null;
  opted_out: boolean;
  last_contact_at: string | null;
  assigned_to: { user_id: string; name: string } | null;
  tags: TagName[];
  days_late: number | null;
}

export interface PhoneHealth extends Phone {
  opted_out: boolean;
  /** Somebody else answered there. */
  is_wrong: boolean;
  last_reply_at: string | null;
  last_read_at: string | null;
  last_delivered_at: string | null;
  last_failure: { code: string; at: string } | null;
}

export interface Address {
  id: string;
  street: string | null;
  number: string | null;
  complement: string | null;
  district: string | null;
  city: string | null;
  uf: string | null;
  cep: string | null;
}

export interface ClientProfile {
  client: ProfileClient;
  phones: PhoneHealth[];
  debts: Debt[];
  totals: { open_cents: number; open_debts: number };
  /** A disposition names the person, not the number. */
  wrong_contact: { reports: number; last_at: string | null } | null;
  addresses: Address[];
  /** The newest twenty. */
  agreements: AgreementRow[];
  payments: Payment[];
}

export interface Payment {
  id: string;
  amount_cents: number;
  /** Business date. */
  paid_on: string;
  /** null: settled by hand. */
  provider: string | null;
  method: ChargeMethod | null;
  is_reversed: boolean;
}

export function useClientProfile(document: string): UseQueryResult<ClientProfile> {
  return useQuery({
    queryKey: ["client", document],
    queryFn: () => shaped<ClientProfile>(rpc("client_profile", { document })),
  });
}

export interface ClientPatch {
  name?: string;
  email?: string;
  external_id?: string;
  uf?: string;
  /** Key by key; null removes one. */
  extra?: Record<string, string | null>;
}

/** The database writes who changed what into the audit. */
export async function updateClient(id: string, patch: ClientPatch): Promise<void> {
  await rpc("update_client", { id, patch: { ...patch } });
}

export type AddressText = Record<"cep" | "street" | "number" | "complement" | "district" | "city" | "uf", string>;

/** A new one, or another text of one that is there. */
export async function saveAddress(clientId: string, id: string | null, text: AddressText): Promise<void> {
  const address = { ...text, complement: text.complement.trim() || null };
  if (id === null) await unwrap(db.from("client_addresses").insert({ ...address, client_id: clientId }));
  else await unwrap(db.from("client_addresses").update(address).eq("id", id));
}

export async function removeAddress(id: string): Promise<void> {
  await unwrap(db.from("client_addresses").delete().eq("id", id));
}

export interface Edit {
  id: number;
  at: string;
  /** null: a job. */
  actor: string | null;
  table: string;
  action: "insert" | "update" | "delete";
  /** Extra data as "extra.<key>". */
  changes: { field: string; from: unknown; to: unknown }[];
}

interface EditPage {
  items: Edit[];
  next: number | null;
}

export function useHistory(clientId: string): UseInfiniteQueryResult<Edit[]> {
  return useInfiniteQuery({
    queryKey: ["client-history", clientId],
    queryFn: ({ pageParam }) =>
      shaped<EditPage>(rpc("client_history", { client_id: clientId, ...(pageParam && { before_id: pageParam }) })),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
    select: (data) => data.pages.flatMap((page) => page.items),
  });
}

export interface ProfileOptions {
  tags: TagName[];
  members: { user_id: string; name: string }[];
}

export function useProfileOptions(): UseQueryResult<ProfileOptions> {
  return useQuery({
    queryKey: ["filter-options"],
    queryFn: () => shaped<ProfileOptions>(rpc("filter_options", {})),
    staleTime: 60_000,
  });
}

export async function assignClient(id: string, userId: string | null): Promise<void> {
  const selection: Json = { ids: [id] };
  // The generator does not know that an argument may be null; for this one null is nobody.
  const args = { selection, user_id: userId as string };
  const { hidden } = await shaped<{ hidden: number }>(rpc("bulk_assign", args));
  if (hidden > 0) throw new AppError("assignee_limited", 409);
}

export async function addTag(clientId: string, tagId: string): Promise<void> {
  await unwrap(db.from("client_tags").insert({ client_id: clientId, tag_id: tagId }));
}

export async function removeTag(clientId: string, tagId: string): Promise<void> {
  await unwrap(db.from("client_tags").delete().eq("client_id", clientId).eq("tag_id", tagId));
}
