import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { AppError } from "@/lib/errors";
import { useMember } from "@/lib/session";
import { countsKey, sendPending, talkKey, talksKey } from "./queries";
import type { Item, Pending } from "./shapes";

/** Between two tries without an answer. The id is the message's own, so that a repeat is never a second message. */
const pausesMs = [1_000, 2_000, 5_000, 10_000, 20_000];
/** After a reload an unanswered text this fresh is sent on by itself; an older one is asked about. */
const freshMs = 10 * 60_000;

export interface Outbox {
  pending: Pending[];
  send: (what: Partial<Pending> & { id: string }) => void;
  again: (id: string) => void;
  discard: (id: string) => void;
}

/** What was clicked and is not in the talk yet: shown at once, kept in this browser until the server has told it. */
export function useOutbox(talkId: string, items: Item[] | undefined): Outbox {
  const { user, tenant } = useMember();
  const key = `cobranca.outbox:${user.id}:${tenant.id}:${talkId}`;
  const queryClient = useQueryClient();
  const [pending, setPending] = useState<Pending[]>(() => adopt(key));
  const all = useRef(pending);
  const store = useCallback(
    (change: (now: Pending[]) => Pending[]): void => {
      all.current = change(all.current);
      if (all.current.length > 0) localStorage.setItem(key, JSON.stringify(all.current));
      else localStorage.removeItem(key);
      setPending(all.current);
    },
    [key],
  );
  const alive = useRef(true);
  const carry = useCallback(
    async (what: Pending): Promise<void> => {
      const become = (change: Partial<Pending>): void =>
        store((now) => now.map((one) => (one.id === what.id ? { ...one, ...change } : one)));
      for (let tries = 0; alive.current; tries += 1) {
        try {
          await sendPending(what, talkId);
          // Refetched before it goes: nobody may see the text vanish and come back.
          become({ state: "accepted" });
          await queryClient.invalidateQueries({ queryKey: talkKey(talkId) });
          store((now) => now.filter(({ id }) => id !== what.id));
          void queryClient.invalidateQueries({ queryKey: talksKey });
          void queryClient.invalidateQueries({ queryKey: countsKey });
          return;
        } catch (failure) {
          const known = failure instanceof AppError ? failure : new AppError("offline", 0, String(failure));
          const pause = pausesMs[tries];
          if (!known.isTransient || pause === undefined)
            return become({ state: "refused", code: known.code, detail: known.detail });
          become({ code: known.code });
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    [queryClient, store, talkId],
  );
  useEffect(() => {
    alive.current = true;
    for (const one of all.current) if (one.state !== "refused") void carry(one);
    return () => {
      alive.current = false;
    };
  }, [carry]);
  const here = new Set(items?.map(({ id }) => id));
  return {
    pending: pending.filter(({ id }) => !here.has(id)),
    send: (what) => {
      if (all.current.some(({ id }) => id === what.id)) return;
      const made: Pending = { body: "", templateId: null, chargeId: null, at: Date.now(), state: "sending", ...what };
      store((now) => [...now, made]);
      void carry(made);
    },
    again: (id) => {
      const found = all.current.find((one) => one.id === id);
      if (!found) return;
      store((now) => now.map((one) => (one.id === id ? { ...one, state: "sending", code: undefined } : one)));
      void carry(found);
    },
    discard: (id) => store((now) => now.filter((one) => one.id !== id)),
  };
}

function adopt(key: string): Pending[] {
  const stored = JSON.parse(localStorage.getItem(key) ?? "[]") as Pending[];
  return stored.map((one) =>
    one.state !== "refused" && Date.now() - one.at > freshMs ? { ...one, state: "refused", code: "offline" } : one,
  );
}
