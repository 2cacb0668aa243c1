import { useState } from "react";

/** A yes or no that this computer keeps. */
export function useRemembered(key: string): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => localStorage.getItem(key) === "1");
  const remember = (next: boolean): void => {
    localStorage.setItem(key, next ? "1" : "0");
    setValue(next);
  };
  return [value, remember];
}
