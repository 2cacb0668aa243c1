import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

export interface Creditor {
  id: string;
  name: string;
  document: string | null;
  address: string | null;
  is_active: boolean;
  has_debts: boolean;
  /** What a debt of today is charged; `is_own`: not the agency's rule standing in. */
  charge: { is_own: boolean; fine_percent: number; interest_percent: number; collection_fee_percent: number };
  agreement: { is_own: boolean; definitive_after_days: number };
  own_templates: number;
  own_limits: number;
}

export type Fields = Pick<Creditor, "name" | "document" | "address" | "is_active">;

export const creditorsKey = ["creditor-overview"];

export function useCreditors(): UseQueryResult<Creditor[]> {
  return useQuery({ queryKey: creditorsKey, queryFn: () => shaped<Creditor[]>(rpc("creditor_overview", {})) });
}

export async function saveCreditor(id: string | null, fields: Fields): Promise<void> {
  const table = db.from("creditors");
  await unwrap(id === null ? table.insert(fields) : table.update(fields).eq("id", id));
}

export async function deleteCreditor(id: string): Promise<void> {
  await rpc("delete_creditor", { creditor_id: id });
}
