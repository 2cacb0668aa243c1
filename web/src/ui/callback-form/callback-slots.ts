import type { ContactState } from "@/lib/client-shapes";
import { addDays, instantAt, localDate, localTime, weekday } from "@/lib/clock";

export interface Slot {
  label: string;
  at: Date;
  /** Why it cannot be chosen; null when it can. */
  refusal: string | null;
}

const minuteMs = 60_000;
/** People say "in half an hour", not "at 14:37": chips land on the next five minutes. */
const roundToMs = 5 * minuteMs;

function roundUp(instant: Date): Date {
  return new Date(Math.ceil(instant.getTime() / roundToMs) * roundToMs);
}

type Hours = ContactState["hours"];

/** Why this instant is no time to call; null when it is lawful, or when the database told no hours and judges on saving. */
export function refusalOf(at: Date, now: Date, hours: Hours): string | null {
  if (at.getTime() <= now.getTime()) return "já passou";
  if (!hours) return null;
  const last = hours.at(-1);
  if (!last || at.getTime() > Date.parse(last.to)) return null;
  const lawful = hours.some(({ from, to }) => Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(to));
  if (lawful) return null;
  const date = localDate(at);
  const open = hours.filter(({ from }) => localDate(new Date(from)) === date);
  const [first] = open;
  if (!first) return weekday(date) === "domingo" ? "não se liga aos domingos" : "feriado ou dia sem horário permitido";
  if (at.getTime() < Date.parse(first.from)) return `antes das ${localTime(new Date(first.from))} não se liga`;
  return `depois das ${localTime(new Date(open.at(-1)?.to ?? first.to))} não se liga`;
}

/** The first lawful instant from this one on, as far as the known hours reach; on the next five minutes when it is now. */
export function nextLawful(at: Date, now: Date, hours: Hours): Date | null {
  const wanted = Math.max(at.getTime(), roundUp(new Date(now.getTime() + 1)).getTime());
  const interval = hours?.find(({ to }) => Date.parse(to) > wanted);
  return interval ? new Date(Math.max(wanted, Date.parse(interval.from))) : null;
}

/** The times a debtor usually asks for, judged by the hours that the database gave. */
export function usualSlots(now: Date, hours: Hours): Slot[] {
  const today = localDate(now);
  const tomorrow = addDays(today, 1);
  const wishes: [string, Date][] = [
    ["em 30 min", roundUp(new Date(now.getTime() + 30 * minuteMs))],
    ["em 2 h", roundUp(new Date(now.getTime() + 120 * minuteMs))],
    ["hoje 18:00", instantAt(today, "18:00")],
    ["amanhã 09:00", instantAt(tomorrow, "09:00")],
    ["amanhã 14:00", instantAt(tomorrow, "14:00")],
  ];
  const opening = hours?.find(({ from }) => localDate(new Date(from)) > tomorrow);
  if (opening) {
    const at = new Date(opening.from);
    wishes.push([`${weekday(localDate(at))} ${localTime(at)}`, at]);
  }
  return wishes.map(([label, at]) => ({ label, at, refusal: refusalOf(at, now, hours) }));
}
