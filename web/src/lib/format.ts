const brl = new Intl.NumberFormat("pt-BR", { style: "currency", currency: "BRL" });
const whole = new Intl.NumberFormat("pt-BR");

/** Cents → "R$ 1.234,56". */
export function money(cents: number): string {
  return brl.format(cents / 100);
}

export function count(value: number): string {
  return whole.format(value);
}

export function plural(value: number, one: string, many: string): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** Business date "2026-11-22" → "22/11/2026"; never through Date, which would move it by the browser's time zone. */
export function day(isoDate: string): string {
  const [year, month, dayOfMonth] = isoDate.split("-");
  return `${dayOfMonth}/${month}/${year}`;
}

/** Whole days from one business date to another; positive when `to` is later. */
export function daysBetween(from: string, to: string): number {
  const msPerDay = 86_400_000;
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / msPerDay);
}

/** CPF "12345678909" → "123.456.789-09"; CNPJ (alphanumeric since July 2026) → "12.ABC.345/01DE-35". */
export function documentNumber(document: string): string {
  if (document.length === 11) return document.replace(/^(.{3})(.{3})(.{3})(.{2})$/, "$1.$2.$3-$4");
  if (document.length === 14) return document.replace(/^(.{2})(.{3})(.{3})(.{4})(.{2})$/, "$1.$2.$3/$4-$5");
  return document;
}

/** E.164 "+5511987654321" → "(11) 98765-4321"; numbers of other countries stay as they are. */
export function phone(e164: string): string {
  const brazilian = /^\+?55(\d{2})(\d{4,5})(\d{4})$/.exec(e164);
  return brazilian ? `(${brazilian[1]}) ${brazilian[2]}-${brazilian[3]}` : e164;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const last = words.length > 1 ? words[words.length - 1] : "";
  return `${words[0]?.[0] ?? ""}${last?.[0] ?? ""}`.toUpperCase();
}

/** Cents before rounding, as the database wrote them: "1233.708" → "R$ 12,33708". Moves the comma, never counts. */
export function exactMoney(exactCents: string): string {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(exactCents) ?? [];
  const padded = whole.padStart(3, "0");
  const reais = padded.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ".");
  const shown = fraction.replace(/0+$/, "");
  // Four decimals below the cent show every rounding; the rest of a division is endless.
  const cut = shown.length > 4 ? `${shown.slice(0, 4)}…` : shown;
  return `${sign}R$\u00a0${reais},${padded.slice(-2)}${cut}`;
}

/** A decimal of the database, "2.5000" → "2,5%". */
export function percent(decimal: string | number): string {
  const [whole, fraction = ""] = String(decimal).split(".");
  const shown = fraction.replace(/0+$/, "");
  return `${whole}${shown && `,${shown}`}%`;
}
