import { useState } from "react";

/** Ids that were ticked, or a filter with its exceptions: what the carteira and its segments mean by "these people". */
export type Selection = { filter: object; except: string[] } | { ids: string[] };

/** A bulk send that is being written. It lies in this window's storage alone: the people of a selection are no address. */
export interface Draft {
  selection: Selection;
  senderId: string | null;
  templateId: string | null;
  name: string;
  includesAgreements: boolean;
  /** The wall's date and time; "" is now. */
  day: string;
  time: string;
}

const prefix = "cobranca.disparo.";

/** Begins a draft; its id will be the batch's, so that whatever is pressed twice is one batch. */
export function keepDraft(selection: Selection): string {
  const id = crypto.randomUUID();
  const empty: Draft = {
    selection,
    senderId: null,
    templateId: null,
    name: "",
    includesAgreements: false,
    day: "",
    time: "",
  };
  sessionStorage.setItem(prefix + id, JSON.stringify(empty));
  return id;
}

/** Null: another window's, or thrown away. */
export function useDraft(id: string): [Draft | null, (change: Partial<Draft>) => void] {
  const [draft, setDraft] = useState<Draft | null>(() => {
    const kept = sessionStorage.getItem(prefix + id);
    return kept ? (JSON.parse(kept) as Draft) : null;
  });
  const change = (part: Partial<Draft>): void => {
    if (!draft) return;
    const next = { ...draft, ...part };
    sessionStorage.setItem(prefix + id, JSON.stringify(next));
    setDraft(next);
  };
  return [draft, change];
}
