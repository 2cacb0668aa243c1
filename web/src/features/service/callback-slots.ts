import { addDays, instantAt, localDate, localTime, weekday } from "@/lib/clock";
import type { ContactState } from "./queries";

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

/** Why this instant is no time to call; null when it is lawful, or when the database told no hours and judges on saving. */
export function refusalOf(at: Date, now: Date, hours: ContactState["hours"]): string | null {
  if (at.getTime() <= now.getTime()) return "já passou";
  if (!hours) return null;
  const last = hours.at(-1);
  if (!last || at.getTime() > Date.parse(last.to)) return null;
  const lawful = hours.some(({ from, to }) => Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(to));
  return lawful ? null : "fora do horário permitido para ligar";
}

/** The times a debtor usually asks for, judged by the hours that the database gave. */
export function usualSlots(now: Date, hours: ContactState["hours"]): Slot[] {
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
