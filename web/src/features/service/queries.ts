import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { Client, ContactState, Debt, Phone } from "@/lib/client-shapes";
import { db, rpc, shaped, unwrap } from "@/lib/supabase";
import { seedTimeline, type TimelinePage } from "@/lib/timeline";
import type { PendingDisposition } from "./pending-store";

export interface DispositionType {
  key: string;
  label: string;
  hotkey: number | null;
  color: string;
  is_callback: boolean;
  opens_negotiation: boolean;
  unworkable: boolean;
}

export interface ScheduledCallback {
  id: string;
  due_at: string;
  note: string | null;
  operator: string | null;
}

export interface ServiceScreen {
  client: Client;
  phones: Phone[];
  debts: Debt[];
  creditors: { id: string; name: string }[];
  open_cents: number;
  disposition_types: DispositionType[];
  timeline: TimelinePage;
  contact: ContactState;
  callbacks: ScheduledCallback[];
}

/** The window opens and closes by the clock alone; nothing is written that could tell us. */
const contactRefreshMs = 60_000;

export function serviceQuery(queryClient: QueryClient, clientId: string) {
  return queryOptions({
    queryKey: ["service", clientId],
    queryFn: async () => {
      const screen = await shaped<ServiceScreen>(rpc("service_screen", { client_id: clientId }));
      seedTimeline(queryClient, clientId, screen.timeline);
      return screen;
    },
    refetchInterval: contactRefreshMs,
  });
}

/** Tenant and operator are the caller's by default in the database; a repeated id with the same content changes nothing. */
export async function insertDisposition(record: PendingDisposition): Promise<void> {
  const { id, clientId: client_id, type: disposition_type, phone } = record;
  if (phone) {
    const named = { id, client_id, disposition_type, phone, ...(record.notes && { notes: record.notes }) };
    await unwrap(db.rpc("dispose_wrong_number", named).setHeader("x-tenant-id", record.tenantId));
    return;
  }
  await unwrap(
    db
      .from("call_dispositions")
      .insert({
        id,
        client_id,
        disposition_type,
        notes: record.notes || null,
        scheduled_callback: record.scheduledCallback,
      })
      .setHeader("x-tenant-id", record.tenantId),
  );
}

export async function undoDisposition(id: string, tenantId: string): Promise<void> {
  await unwrap(db.rpc("undo_disposition", { disposition_id: id }).setHeader("x-tenant-id", tenantId));
}

/** What a waiting record wants of the server. */
export async function sendRecord(record: PendingDisposition): Promise<void> {
  await (record.isUndone ? undoDisposition(record.id, record.tenantId) : insertDisposition(record));
}

export interface DispositionEffect {
  disposition_type: string;
  rule: string;
  position: number;
  action: string;
  wait_minutes: number;
  template: string | null;
  verdict: "send" | "act" | "postpone" | "skip";
  reason: string | null;
  not_before: string | null;
}

/** Rules change by the day and hours by the clock: a minute old is true enough for a hint. */
const effectsStaleMs = 60_000;

/** What each result would set off for this client now. */
export function effectsQuery(clientId: string) {
  return queryOptions({
    queryKey: ["disposition-effects", clientId],
    queryFn: () =>
      shaped<{ undo_seconds: number; effects: DispositionEffect[] }>(
        rpc("disposition_effects", { client_id: clientId }),
      ),
    staleTime: effectsStaleMs,
  });
}
