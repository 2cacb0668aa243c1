/** ISO order: Monday first. */
export const dayNames = ["segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"];

/** "08:00:00" → "8h", "18:30:00" → "18h30". */
export function clockText(time: string): string {
  const [hours = "0", minutes = "00"] = time.split(":");
  return `${Number(hours)}h${minutes === "00" ? "" : minutes}`;
}

export const channels = [
  { value: "whatsapp", label: "WhatsApp" },
  { value: "call", label: "Ligações" },
] as const;

export const spans = [
  { value: "1", label: "por dia" },
  { value: "7", label: "em 7 dias" },
  { value: "15", label: "em 15 dias" },
  { value: "30", label: "em 30 dias" },
];

export function spanText(days: number): string {
  return spans.find(({ value }) => value === String(days))?.label ?? `em ${days} dias`;
}
