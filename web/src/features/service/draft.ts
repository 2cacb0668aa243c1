import { type Dispatch, useEffect, useRef, useState } from "react";
import { useMember } from "@/lib/session";

/** Typing pauses shorter than this are not worth a write. */
const saveAfterMs = 300;

/** Notes in progress, kept per person, tenant and client until a disposition takes them. */
export function useDraft(clientId: string): [string, Dispatch<string>] {
  const { user, tenant } = useMember();
  const storageKey = `cobranca.draft:${user.id}:${tenant.id}:${clientId}`;
  const [text, setText] = useState(() => localStorage.getItem(storageKey) ?? "");
  const latest = useRef(text);
  useEffect(() => {
    const save = (): void => {
      if (latest.current) localStorage.setItem(storageKey, latest.current);
      else localStorage.removeItem(storageKey);
    };
    const timer = setTimeout(save, saveAfterMs);
    window.addEventListener("pagehide", save);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", save);
      save();
    };
  }, [storageKey, text]);
  const change = (next: string): void => {
    latest.current = next;
    setText(next);
  };
  return [text, change];
}
