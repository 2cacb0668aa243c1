import { type QueryKey, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { rpc, shaped } from "@/lib/supabase";

/** Whom a suppression is asked for: a person of the carteira, a number, or both (a talk's). */
export interface Contacted {
  clientId: string | null;
  phone?: string | null | undefined;
}

export type SuppressedChannel = "whatsapp" | "call";

export interface Suppression {
  id: string;
  /** Null: the person, by every number. */
  phone: string | null;
  /** Null: every channel. */
  channel: SuppressedChannel | null;
  reason: string;
  /** Null: for good. */
  expires_at: string | null;
  created_at: string;
  author: string | null;
}

export interface NewSuppression {
  clientId: string | null;
  phone: string | null;
  channel: SuppressedChannel | null;
  /** Business date, "" for good. */
  untilOn: string;
  reason: string;
}

export function suppressionsKey({ clientId, phone }: Contacted): QueryKey {
  return ["suppressions", clientId, phone ?? null];
}

export function useSuppressions(who: Contacted): UseQueryResult<Suppression[]> {
  return useQuery({
    queryKey: suppressionsKey(who),
    queryFn: () =>
      shaped<Suppression[]>(
        rpc("suppressions_of", {
          ...(who.clientId && { client_id: who.clientId }),
          ...(who.phone && { phone: who.phone }),
        }),
      ),
  });
}

export function suppress({ clientId, phone, channel, untilOn, reason }: NewSuppression): Promise<unknown> {
  return rpc("suppress_contact", {
    reason,
    ...(clientId && { client_id: clientId }),
    ...(phone && { phone }),
    ...(channel && { channel }),
    ...(untilOn && { until_on: untilOn }),
  });
}

export function liftSuppression(id: string, reason: string): Promise<unknown> {
  return rpc("lift_suppression", { suppression_id: id, reason });
}

export const channelNames: Record<SuppressedChannel, string> = { whatsapp: "WhatsApp", call: "ligações" };

/** What the database writes in the debtor's own name is a code; what people write is a sentence. */
export function suppressionReason(reason: string): string {
  return reason === "opted_out" ? "pediu por mensagem para não receber mais" : reason;
}
