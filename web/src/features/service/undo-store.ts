import { useSyncExternalStore } from "react";

/** The disposition that this window may take back: the last one alone, wherever the person has gone since. */
export interface Undoable {
  id: string;
  clientId: string;
  clientName: string;
  tenantId: string;
  label: string;
  notes: string;
  /** Epoch ms of the server's clock; null while it waits here unsent and no window has begun. */
  until: number | null;
  state: "open" | "undoing" | "undone" | "failed";
  /** Machine code of why it was not taken back. */
  refusedBy: string | null;
}

let last: Undoable | null = null;
const listeners = new Set<() => void>();

function set(next: Undoable | null): void {
  last = next;
  for (const notify of listeners) notify();
}

/** The same one again brings what is known now of its window; what is being undone stays so. */
export function offerUndo(seen: Omit<Undoable, "state" | "refusedBy">): void {
  if (last?.id !== seen.id) set({ ...seen, state: "open", refusedBy: null });
  else if (last.until !== seen.until) set({ ...last, until: seen.until });
}

export function changeUndo(id: string, change: Partial<Undoable>): void {
  if (last?.id === id) set({ ...last, ...change });
}

export function withdrawUndo(id: string): void {
  if (last?.id === id) set(null);
}

export function useUndoable(): Undoable | null {
  return useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => last,
  );
}
