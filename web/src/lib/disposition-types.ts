import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { db, unwrap } from "@/lib/supabase";

export interface DispositionName {
  key: string;
  label: string;
  color: string;
}

/** Retired ones included: history keeps its words. A tenant has tens. */
const maxTypes = 200;
const staleMs = 5 * 60_000;

export function useDispositionNames(): UseQueryResult<Map<string, DispositionName>> {
  return useQuery({
    queryKey: ["disposition-types"],
    queryFn: () => unwrap<DispositionName[]>(db.from("disposition_types").select("key,label,color").limit(maxTypes)),
    select: (types) => new Map(types.map((type) => [type.key, type])),
    staleTime: staleMs,
  });
}
