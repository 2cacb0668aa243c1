import type { Campaign } from "./shapes";

export interface LawfulDay {
  /** Null: every state without a law of its own. */
  uf: string | null;
  /** ISO: 1 Monday … 7 Sunday. */
  weekday: number;
  /** "08:00:00" */
  opens: string;
  closes: string;
}

const monday = 1;
/** "08:00:00" and "8:00" as "08:00", so that text compares as time does. */
function hour(time: string): string {
  return time
    .split(":")
    .slice(0, 2)
    .map((part) => part.padStart(2, "0"))
    .join(":");
}

/** What of a campaign's hours the law does not allow on a weekday, in words; null when it fits. The campaign's hours hold for
 * all days, so that Saturdays and Sundays are always narrower: the database keeps those. */
export function hoursWarning(campaign: Pick<Campaign, "start_time" | "end_time">, law: LawfulDay[]): string | null {
  const { start_time: from, end_time: to } = campaign;
  if (!from || !to) return null;
  const beyond = law.filter(
    ({ weekday, opens, closes }) => weekday === monday && (hour(from) < hour(opens) || hour(to) > hour(closes)),
  );
  if (beyond.length === 0) return null;
  const places = beyond.map(({ uf, opens, closes }) => `${uf ?? "demais estados"} ${hour(opens)}–${hour(closes)}`);
  return `A campanha disca das ${hour(from)} às ${hour(to)}, e a lei permite menos: ${places.join(", ")}.`;
}
