import { useEffect, useEffectEvent } from "react";

/** Alt with a letter by its place on the keyboard (with Alt some systems type another sign). Works while typing too. */
export function useAltKey(code: string, onPress: () => void): void {
  const handle = useEffectEvent((event: KeyboardEvent) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat || event.code !== code) return;
    event.preventDefault();
    onPress();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => handle(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
