import { useSyncExternalStore } from "react";

export interface LastServed {
  id: string;
  firstName: string;
}

const storageKey = "cobranca.last-served";
const listeners = new Set<() => void>();
let known: LastServed | null = read();

function read(): LastServed | null {
  const stored = sessionStorage.getItem(storageKey);
  return stored ? (JSON.parse(stored) as LastServed) : null;
}

/** The client whose service screen this tab opened last: the way back after a look at the carteira. */
export function rememberServed(id: string, name: string): void {
  const firstName = name.split(" ")[0] ?? name;
  if (known?.id === id && known.firstName === firstName) return;
  known = { id, firstName };
  sessionStorage.setItem(storageKey, JSON.stringify(known));
  for (const notify of listeners) notify();
}

export function forgetServed(): void {
  known = null;
  sessionStorage.removeItem(storageKey);
  for (const notify of listeners) notify();
}

export function useLastServed(): LastServed | null {
  return useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => known,
  );
}
