import type { PanelFilter } from "./shapes";

const words: Record<keyof PanelFilter, string> = {
  from: "de",
  to: "ate",
  creditor_id: "credor",
  operator_id: "operador",
};
const keys = Object.keys(words) as (keyof PanelFilter)[];

/** The filter is the address: a link can be shared, and "back" brings it again. Without days, this month until today. */
export function filterFromUrl(params: URLSearchParams, today: string): PanelFilter {
  const said = keys.map((key) => [key, params.get(words[key])?.trim()] as const).filter(([, value]) => value);
  return { from: `${today.slice(0, 8)}01`, to: today, ...Object.fromEntries(said) };
}

export function filterToUrl(filter: PanelFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const key of keys) if (filter[key]) params.set(words[key], filter[key]);
  return params;
}
