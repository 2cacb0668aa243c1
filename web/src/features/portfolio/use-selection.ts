import { useState } from "react";
import { type Chosen, nobody } from "./selection";

/** Each filter's selection, for the way back from a client; a reload chooses nobody. */
const kept = new Map<string, Chosen>();

export function useSelection(key: string): [Chosen, (chosen: Chosen) => void] {
  const [, draw] = useState(0);
  const choose = (chosen: Chosen): void => {
    kept.set(key, chosen);
    draw((times) => times + 1);
  };
  return [kept.get(key) ?? nobody, choose];
}
