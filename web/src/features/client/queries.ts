import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Client, Debt, Phone } from "@/lib/client-shapes";
import { rpc, shaped } from "@/lib/supabase";

export interface ClientProfile {
  client: Client;
  phones: Phone[];
  debts: Debt[];
  totals: { open_cents: number; open_debts: number };
}

export function useClientByDocument(document: string): UseQueryResult<ClientProfile> {
  return useQuery({
    queryKey: ["client", document],
    queryFn: () => shaped<ClientProfile>(rpc("client_by_document", { document })),
  });
}
