import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** More than any agency has programs. */
const maxKeys = 200;

export function useApiKeys(): UseQueryResult<ApiKey[]> {
  return useQuery({
    queryKey: ["api-keys"],
    queryFn: () => {
      const columns = "id,name,prefix,created_at,last_used_at,revoked_at";
      return unwrap<ApiKey[]>(
        db.from("api_keys").select(columns).order("created_at", { ascending: false }).limit(maxKeys),
      );
    },
  });
}

/** The key itself is in this answer only; the database keeps a hash. */
export async function createApiKey(name: string): Promise<{ id: string; key: string }> {
  return shaped<{ id: string; key: string }>(rpc("create_api_key", { name }));
}

export async function revokeApiKey(id: string): Promise<void> {
  await rpc("revoke_api_key", { id });
}
