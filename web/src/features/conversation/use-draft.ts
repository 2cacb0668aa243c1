import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import { useMember } from "@/lib/session";
import { saveDraft } from "./queries";

/** Typing pauses shorter than this are not worth a request. */
const saveAfterMs = 600;

interface Kept {
  text: string;
  /** The server has this very text. */
  isSaved: boolean;
}

export interface Draft {
  text: string;
  change: (text: string) => void;
}

function read(key: string): Kept | null {
  const stored = localStorage.getItem(key);
  return stored ? (JSON.parse(stored) as Kept) : null;
}

/** An unsent text, kept here at every key and on the server at every pause: it survives a reload and waits in other windows
 * and at other desks. What this browser has not handed over yet wins over what the server knows. */
export function useDraft(talkId: string, known: string | null): Draft {
  const { user, tenant } = useMember();
  const key = `cobranca.talk-draft:${user.id}:${tenant.id}:${talkId}`;
  const [text, setText] = useState(() => {
    const kept = read(key);
    return kept && !kept.isSaved ? kept.text : (known ?? "");
  });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // One after another: an older text must never arrive after a newer one.
  const saving = useRef<Promise<unknown>>(Promise.resolve());
  const save = useCallback((): void => {
    clearTimeout(timer.current);
    saving.current = saving.current.then(async () => {
      const kept = read(key);
      if (!kept || kept.isSaved) return;
      try {
        await saveDraft(talkId, kept.text);
      } catch {
        // Kept here all the same; the next key or the next visit tries again.
        return;
      }
      if (read(key)?.text !== kept.text) return;
      if (kept.text === "") localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify({ ...kept, isSaved: true }));
    });
  }, [key, talkId]);
  const change = (next: string): void => {
    setText(next);
    localStorage.setItem(key, JSON.stringify({ text: next, isSaved: false }));
    clearTimeout(timer.current);
    timer.current = setTimeout(save, saveAfterMs);
  };
  const onStorage = useEffectEvent((event: StorageEvent) => {
    if (event.key === key) setText(event.newValue ? (JSON.parse(event.newValue) as Kept).text : "");
  });
  useEffect(() => {
    const heard = (event: StorageEvent): void => onStorage(event);
    window.addEventListener("storage", heard);
    save();
    return () => {
      window.removeEventListener("storage", heard);
      save();
    };
  }, [save]);
  return { text, change };
}
