// Dates and times as Brazilians write them, whatever language the browser speaks: its own date field would show 11/23 to
// an operator whose computer came in English.

/** "24/11", "24/11/26", "24/11/2026" or "2411" → "2026-11-24"; without a year, the next such day from today on. */
export function dateFromText(text: string, today: string): string | null {
  const found = /^(\d{1,2})[/.-]?(\d{1,2})(?:[/.-]?(\d{4}|\d{2}))?$/.exec(text.trim());
  if (!found) return null;
  const [, dayOfMonth = "", month = "", year] = found;
  const inYear = (full: number): string | null => {
    const iso = `${full}-${month.padStart(2, "0")}-${dayOfMonth.padStart(2, "0")}`;
    const parsed = new Date(`${iso}T12:00:00Z`);
    // The 31st of a short month rolls over instead of failing.
    return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== iso ? null : iso;
  };
  if (year) return inYear(year.length === 2 ? 2000 + Number(year) : Number(year));
  const thisYear = Number(today.slice(0, 4));
  const soon = inYear(thisYear);
  return soon !== null && soon < today ? inYear(thisYear + 1) : soon;
}

/** "18:30", "18h30", "18h", "1830" or "9" → "18:30", "09:00". */
export function timeFromText(text: string): string | null {
  const found = /^(\d{1,2})(?:[:h.]?(\d{2})|h)?$/i.exec(text.trim());
  if (!found) return null;
  const [, hour = "", minute = "00"] = found;
  return Number(hour) < 24 && Number(minute) < 60 ? `${hour.padStart(2, "0")}:${minute}` : null;
}
