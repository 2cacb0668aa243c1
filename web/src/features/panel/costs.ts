export const costNames: Record<string, string> = {
  voice_minute: "Minuto de ligação",
  licence_month: "Licenças, por mês",
  labour_month: "Equipe, por mês",
  exchange: "Câmbio do dólar",
};

/** "0,15" or "90.000" reais → millionths of a real; null for anything else. */
export function microsOf(text: string): number | null {
  const [, whole, fraction = ""] = /^(\d{1,3}(?:\.\d{3})+|\d{1,9})(?:,(\d{1,6}))?$/.exec(text.trim()) ?? [];
  return whole === undefined ? null : Number(whole.replaceAll(".", "") + fraction.padEnd(6, "0"));
}
