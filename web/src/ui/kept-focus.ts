import { type RefObject, useEffect, useRef } from "react";

/** A button is disabled while it works, and the browser takes the focus from it: it comes back when the work is done. */
export function useKeptFocus<T extends HTMLElement>(isWorking: boolean): RefObject<T | null> {
  const ref = useRef<T>(null);
  const worked = useRef(false);
  useEffect(() => {
    // Whoever went on meanwhile stays where they are.
    if (worked.current && !isWorking && document.activeElement === document.body) ref.current?.focus();
    worked.current = isWorking;
  }, [isWorking]);
  return ref;
}
