import { type ComponentType, createContext } from "react";
import type { Selection } from "./selection";

/** What other rooms do with a selection; the app hands it in, because rooms do not know each other. */
export interface Doors {
  DialerForm: ComponentType<{ selection: Selection; onClose: () => void }>;
  /** Leads to the room where a message to all of them is written. */
  composeMessage: (selection: Selection) => void;
}

export const DoorsContext = createContext<Doors>({ DialerForm: () => null, composeMessage: () => undefined });
