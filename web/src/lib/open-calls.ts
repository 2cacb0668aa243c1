import { queryOptions } from "@tanstack/react-query";
import { rpc, shaped } from "@/lib/supabase";

interface TalkingTo {
  client_id: string | null;
  phone: string | null;
}

/** The caller's calls without an outcome; the desk of calls keeps the same answer fresh. */
export function openCallsQuery() {
  return queryOptions({
    queryKey: ["open-calls"],
    queryFn: () => shaped<TalkingTo[]>(rpc("my_open_calls", {})),
    refetchOnMount: "always" as const,
    // Offline nobody waits for it.
    networkMode: "always" as const,
    retry: false,
  });
}
