import { type Dispatch, useCallback, useEffect, useRef, useState } from "react";
import { useMember } from "@/lib/session";

/** Typing pauses shorter than this are not worth a write. */
const saveAfterMs = 300;

/** Notes in progress, kept per person, tenant and client until a disposition takes them. */
export function useDraft(clientId: string): [string, Dispatch<string>] {
  const { user, tenant } = useMember();
  const storageKey = `cobranca.draft:${user.id}:${tenant.id}:${clientId}`;
  const [text, setText] = useState(() => localStorage.getItem(storageKey) ?? "");
  const unsaved = useRef<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const save = useCallback(() => {
    const draft = unsaved.current;
    unsaved.current = null;
    if (draft) localStorage.setItem(storageKey, draft);
    else if (draft === "") localStorage.removeItem(storageKey);
  }, [storageKey]);
  useEffect(() => {
    window.addEventListener("pagehide", save);
    return () => {
      window.removeEventListener("pagehide", save);
      clearTimeout(timer.current);
      save();
    };
  }, [save]);
  const change = (next: string): void => {
    unsaved.current = next;
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(save, saveAfterMs);
  };
  return [text, change];
}
