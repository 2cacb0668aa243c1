import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Database } from "@/lib/database.types";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";

type Tables = Database["public"]["Tables"];
export type Cap = Pick<Tables["contact_caps"]["Row"], "id" | "channel" | "days" | "attempts">;
export type Channel = Cap["channel"];

/** Hours of one weekday (ISO: 1 Monday … 7 Sunday), "08:00:00". */
export interface Hours {
  weekday: number;
  opens: string;
  closes: string;
}

export interface LawfulHours extends Hours {
  /** Null: every state without a law of its own. */
  uf: string | null;
  source: string;
}

export const contactKey = ["contact-rules"];

/** A channel and up to 31 spans. */
const maxRows = 100;

export function useLawfulHours(): UseQueryResult<LawfulHours[]> {
  return useQuery({
    queryKey: [...contactKey, "law"],
    queryFn: () => shaped<LawfulHours[]>(rpc("lawful_hours", {})),
  });
}

/** Empty: the agency keeps the law's hours. */
export function useOwnHours(): UseQueryResult<Hours[]> {
  return useQuery({
    queryKey: [...contactKey, "own"],
    queryFn: () =>
      unwrap<Hours[]>(db.from("tenant_calling_windows").select("weekday,opens,closes").order("weekday").limit(7)),
  });
}

/** Days first made or changed, then the others closed: a moment with a row too many never widens anything. */
export async function saveOwnHours(hours: Hours[]): Promise<void> {
  if (hours.length > 0)
    await unwrap(db.from("tenant_calling_windows").upsert(hours, { onConflict: "tenant_id,weekday" }));
  const kept = hours.map(({ weekday }) => weekday).join(",");
  await unwrap(db.from("tenant_calling_windows").delete().not("weekday", "in", `(${kept})`));
}

export function useCaps(): UseQueryResult<Cap[]> {
  return useQuery({
    queryKey: [...contactKey, "caps"],
    queryFn: () =>
      unwrap<Cap[]>(
        db.from("contact_caps").select("id,channel,days,attempts").order("channel").order("days").limit(maxRows),
      ),
  });
}

export async function addCap(cap: Omit<Cap, "id">): Promise<void> {
  await unwrap(db.from("contact_caps").insert(cap));
}

export async function changeCap(id: string, attempts: number): Promise<void> {
  await unwrap(db.from("contact_caps").update({ attempts }).eq("id", id));
}

export async function removeCap(id: string): Promise<void> {
  await unwrap(db.from("contact_caps").delete().eq("id", id));
}
