/** What people type in fields, read strictly: half a number is no number. */

/** "1.234,56", "1234,5", "1234" → cents; null for anything else. */
export function centsOf(text: string): number | null {
  const [, whole, fraction = ""] = /^(\d{1,3}(?:\.\d{3})+|\d{1,12})(?:,(\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return null;
  return Number(`${whole.replaceAll(".", "")}${fraction.padEnd(2, "0")}`);
}

/** "40" or "12,5" → 40, 12.5; null for anything that is no percentage. */
export function percentOf(text: string): number | null {
  if (!/^\d{1,3}(,\d{1,4})?$/.test(text.trim())) return null;
  const value = Number(text.trim().replace(",", "."));
  return value <= 100 ? value : null;
}

/** Cents → "1234,56", as a field shows it. */
export function centsText(cents: number): string {
  const padded = String(cents).padStart(3, "0");
  return `${padded.slice(0, -2)},${padded.slice(-2)}`;
}

/** A decimal of the database, 2.5 or "2.5000" → "2,5". */
export function decimalText(value: number | string): string {
  const [whole = "0", fraction = ""] = String(value).split(".");
  const shown = fraction.replace(/0+$/, "");
  return `${whole}${shown && `,${shown}`}`;
}
