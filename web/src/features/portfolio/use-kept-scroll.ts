import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

/** Where each filter's list was left, for the way back from a client; a reload starts at the top. */
const positions = new Map<string, number>();

export function useKeptScroll(key: string, ready: boolean): RefObject<HTMLElement | null> {
  const ref = useRef<HTMLElement>(null);
  const restored = useRef(false);
  useLayoutEffect(() => {
    if (!ready || restored.current || !ref.current) return;
    restored.current = true;
    ref.current.scrollTop = positions.get(key) ?? 0;
  }, [ready, key]);
  useEffect(() => {
    const element = ref.current;
    const remember = (): void => {
      if (restored.current && element) positions.set(key, element.scrollTop);
    };
    element?.addEventListener("scroll", remember, { passive: true });
    return () => element?.removeEventListener("scroll", remember);
  }, [key]);
  return ref;
}
