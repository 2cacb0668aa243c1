import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { AppError } from "@/lib/errors";
import { useMember } from "@/lib/session";
import { timelineKey } from "@/lib/timeline";
import { type SendOutcome, sendDue, sendPending, takeBackPending } from "./pending-sender";
import { deletePending, listPending, type PendingDisposition, putPending } from "./pending-store";
import { sendRecord } from "./queries";
import { awaitUndo, takeWish } from "./undo-wish";

/** How often a waiting record is looked at; the wait itself is the record's own back-off. */
const sweepMs = 1_000;

let records: PendingDisposition[] = [];
const listeners = new Set<() => void>();
const otherTabs = new BroadcastChannel("cobranca.pending");

async function reread(owner: string): Promise<void> {
  records = await listPending(owner);
  for (const notify of listeners) notify();
}

async function changed(owner: string): Promise<void> {
  await reread(owner);
  otherTabs.postMessage(owner);
}

function useRecords(): PendingDisposition[] {
  return useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => records,
  );
}

function useOwner(): { owner: string; tenantId: string } {
  const { user, tenant } = useMember();
  return { owner: `${user.id}:${tenant.id}`, tenantId: tenant.id };
}

/** Once per window, from the shell: keeps trying, tells the other tabs, warns before the window closes. */
export function usePendingSender(): void {
  const { owner } = useOwner();
  const queryClient = useQueryClient();
  useEffect(() => {
    let busy = false;
    const sweep = async (force: boolean): Promise<void> => {
      if (busy || !records.some((record) => !record.refusedBy)) return;
      busy = true;
      try {
        await sendDue(owner, sendRecord, { force });
      } finally {
        busy = false;
      }
      const before = records;
      await changed(owner);
      await settle(queryClient, before);
    };
    const onOnline = (): void => void sweep(true);
    const onOther = ({ data }: MessageEvent<string>): void => void (data === owner && reread(owner));
    const onLeave = (event: BeforeUnloadEvent): void => {
      if (records.some((record) => !record.refusedBy)) event.preventDefault();
    };
    void reread(owner).then(() => sweep(true));
    const timer = setInterval(() => void sweep(false), sweepMs);
    window.addEventListener("online", onOnline);
    window.addEventListener("beforeunload", onLeave);
    otherTabs.addEventListener("message", onOther);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", onOnline);
      window.removeEventListener("beforeunload", onLeave);
      otherTabs.removeEventListener("message", onOther);
    };
  }, [owner, queryClient]);
}

/** Fetches the timelines of clients whose records have left the queue. */
async function settle(queryClient: QueryClient, before: PendingDisposition[]): Promise<void> {
  const left = before.filter((record) => !records.some(({ id }) => id === record.id));
  const clients = [...new Set(left.map(({ clientId }) => clientId))];
  await Promise.all(clients.map((id) => queryClient.invalidateQueries({ queryKey: timelineKey(id) })));
}

export function useIsPending(id: string): boolean {
  return useRecords().some((record) => record.id === id);
}

export function usePendingCount(): number {
  return useRecords().length;
}

export interface PendingOfClient {
  pending: PendingDisposition[];
  /** Resolves, with the record's id, once it is safe on this computer. */
  keep: (made: Disposition) => Promise<string>;
  send: (id: string) => Promise<SendOutcome>;
  discard: (id: string) => Promise<void>;
}

/** "sent" means that the server has it, and is to be asked; "asked", that it is, as soon as it can be (`whenTakenBack`). */
export function useTakeBack(): (id: string) => ReturnType<typeof takeBackPending> {
  const { owner } = useOwner();
  return async (id) => {
    const outcome = await takeBackPending(id);
    if (outcome !== "sent") await changed(owner);
    return outcome;
  };
}

/** Resolves when the record has left, its disposition undone; rejects with the server's refusal. */
export function whenTakenBack(id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const record = records.find((each) => each.id === id);
      if (record && !record.refusedBy) return;
      listeners.delete(look);
      if (record?.refusedBy) reject(new AppError(record.refusedBy, 409));
      else resolve();
    };
    listeners.add(look);
    look();
  });
}

export interface Disposition {
  clientId: string;
  clientName: string;
  type: string;
  notes: string;
  scheduledCallback: string | null;
  phone?: string;
}

/** A client's unconfirmed dispositions, and the ways in and out of that list. */
export function usePendingOfClient(clientId: string): PendingOfClient {
  const { owner, tenantId } = useOwner();
  const queryClient = useQueryClient();
  const pending = useRecords().filter((record) => record.clientId === clientId);
  const keep = async (made: Disposition): Promise<string> => {
    const id = crypto.randomUUID();
    awaitUndo(id);
    const untried = { attempts: 0, nextAttemptAt: 0, refusedBy: null };
    // On disk before on the wire: from here on nothing can lose it.
    await putPending({ ...made, ...untried, id, owner, tenantId, madeAt: new Date().toISOString() });
    await changed(owner);
    return id;
  };
  const send = async (id: string): Promise<SendOutcome> => {
    const outcome = await sendPending(id, sendRecord);
    if (outcome === "refused") takeWish(id);
    // The row is fetched before the optimistic one goes, so that nothing blinks.
    await queryClient.invalidateQueries({ queryKey: timelineKey(clientId) });
    await changed(owner);
    return outcome;
  };
  const discard = async (id: string): Promise<void> => {
    await deletePending(id);
    await changed(owner);
  };
  return { pending, keep, send, discard };
}
