/** The server's clock and the tenant's time zone. The demo's clock may be shifted, and a person's computer may be wrong. */
let offsetMs = 0;
let zone = "America/Sao_Paulo";

export function setClock(serverNow: string, timeZone: string): void {
  offsetMs = Date.parse(serverNow) - Date.now();
  zone = timeZone;
}

export function now(): Date {
  return new Date(Date.now() + offsetMs);
}

function parts(instant: Date): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  return Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
}

/** The tenant's business date of an instant, "2026-11-22". */
export function localDate(instant: Date): string {
  const { year, month, day } = parts(instant);
  return `${year}-${month}-${day}`;
}

/** "14:05" on the tenant's wall. */
export function localTime(instant: Date): string {
  const { hour, minute } = parts(instant);
  return `${hour}:${minute}`;
}

/** The instant at which the tenant's wall shows this date and time. */
export function instantAt(isoDate: string, time: string): Date {
  const wanted = Date.parse(`${isoDate}T${time}:00Z`);
  const shownAs = (guess: number): number => {
    const { year, month, day, hour, minute, second } = parts(new Date(guess));
    return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  };
  const first = wanted - (shownAs(wanted) - wanted);
  // A second step, for zones whose offset differs between the guess and the answer.
  return new Date(first - (shownAs(first) - wanted));
}

export function addDays(isoDate: string, days: number): string {
  return new Date(Date.parse(`${isoDate}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

const weekdays = ["domingo", "segunda", "terça", "quarta", "quinta", "sexta", "sábado"];

export function weekday(isoDate: string): string {
  return weekdays[new Date(`${isoDate}T12:00:00Z`).getUTCDay()] ?? "";
}

/** "hoje 14:05", "ontem 09:12", "amanhã 09:00", else "22/11 14:05", with the year when it is another one. */
export function moment(instant: string | Date): string {
  const at = typeof instant === "string" ? new Date(instant) : instant;
  const date = localDate(at);
  const today = localDate(now());
  const near = { [today]: "hoje", [addDays(today, -1)]: "ontem", [addDays(today, 1)]: "amanhã" }[date];
  const [year, month, dayOfMonth] = date.split("-");
  const far = `${dayOfMonth}/${month}${year === today.slice(0, 4) ? "" : `/${year}`}`;
  return `${near ?? far} ${localTime(at)}`;
}
