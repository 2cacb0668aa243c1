import type { PortfolioFilter } from "./filter";

/** Who is chosen: these, or everybody who matches except these. */
export interface Chosen {
  all: boolean;
  ids: ReadonlySet<string>;
}

export const nobody: Chosen = { all: false, ids: new Set() };
export const everybody: Chosen = { all: true, ids: new Set() };

/** The same on the server: ids, or a filter with its exceptions. */
export type Selection = { filter: PortfolioFilter; except: string[] } | { ids: string[] };

export function isChosen({ all, ids }: Chosen, id: string): boolean {
  return all !== ids.has(id);
}

export function toggled({ all, ids }: Chosen, id: string): Chosen {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return { all, ids: next };
}

export function isNobody({ all, ids }: Chosen): boolean {
  return !all && ids.size === 0;
}

export function toSelection({ all, ids }: Chosen, filter: PortfolioFilter): Selection {
  return all ? { filter, except: [...ids] } : { ids: [...ids] };
}
