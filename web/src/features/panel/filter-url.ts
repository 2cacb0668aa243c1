import { daysBetween } from "@/lib/format";
import type { PanelFilter } from "./shapes";

const words: Record<keyof PanelFilter, string> = {
  from: "de",
  to: "ate",
  creditor_id: "credor",
  operator_id: "operador",
  team_id: "equipe",
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

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** What is asked most. A week begins on Monday. */
export function presets(today: string): { label: string; from: string; to: string }[] {
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  const lastOfMonth = addDays(`${today.slice(0, 8)}01`, -1);
  return [
    { label: "Hoje", from: today, to: today },
    { label: "Ontem", from: addDays(today, -1), to: addDays(today, -1) },
    { label: "Semana", from: addDays(today, -weekday), to: today },
    { label: "Mês", from: `${today.slice(0, 8)}01`, to: today },
    { label: "Mês passado", from: `${lastOfMonth.slice(0, 8)}01`, to: lastOfMonth },
  ];
}

/** The same number of days just before: what a number is compared with. */
export function periodBefore(filter: PanelFilter): PanelFilter {
  const days = daysBetween(filter.from, filter.to) + 1;
  return { ...filter, from: addDays(filter.from, -days), to: addDays(filter.from, -1) };
}
