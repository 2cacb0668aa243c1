import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Database } from "@/lib/database.types";
import { db, rpc, unwrap } from "@/lib/supabase";

export type DispositionRow = Omit<Database["public"]["Tables"]["disposition_types"]["Row"], "tenant_id">;
export type Fields = Omit<DispositionRow, "key" | "position">;

export interface UsingRule {
  name: string;
  disposition_type: string | null;
  is_enabled: boolean;
}

export interface Catalogue {
  types: DispositionRow[];
  rules: UsingRule[];
}

export const catalogueKey = ["disposition-catalogue"];
/** Nine have a key of their own; an agency keeps some dozens, retired ones included. */
const maxTypes = 200;
const maxRules = 500;

export function useCatalogue(): UseQueryResult<Catalogue> {
  return useQuery({
    queryKey: catalogueKey,
    queryFn: async () => {
      const columns =
        "key,label,hotkey,position,color,human_answered,right_party,is_callback,unworkable,opens_negotiation,is_active";
      const [types, rules] = await Promise.all([
        unwrap<DispositionRow[]>(
          db.from("disposition_types").select(columns).order("position").order("key").limit(maxTypes),
        ),
        unwrap<UsingRule[]>(
          db
            .from("collection_rules")
            .select("name,disposition_type,is_enabled")
            .not("disposition_type", "is", null)
            .order("name")
            .limit(maxRules),
        ),
      ]);
      return { types, rules };
    },
  });
}

/** A new one without a key: SQL makes it from the label. */
export async function saveType(key: string | null, fields: Partial<Fields>): Promise<void> {
  await rpc("save_disposition_type", { key: key as string, fields });
}

export async function orderTypes(keys: string[]): Promise<void> {
  await rpc("order_disposition_types", { keys });
}

export async function deleteType(key: string): Promise<void> {
  await rpc("delete_disposition_type", { key });
}
