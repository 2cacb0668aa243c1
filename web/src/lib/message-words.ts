/** Words of WhatsApp templates and numbers that more than one room says. */

/** Keys of private.template_obstacle. */
const obstacles: Record<string, string> = {
  gone: "não existe mais no provedor",
  not_approved: "o provedor ainda não aprovou, pausou ou recusou",
  header_missing: "falta o arquivo do cabeçalho",
  header_unknown: "não enviável: tem local ou variável no cabeçalho ou no botão, que nenhum campo preenche",
  unbound: "falta ligar uma variável a um campo",
};

export function obstacleText(obstacle: string): string {
  return obstacles[obstacle] ?? obstacle;
}

export const categories: { value: string; label: string }[] = [
  { value: "utility", label: "utilidade" },
  { value: "marketing", label: "marketing" },
  { value: "authentication", label: "autenticação" },
  { value: "service", label: "atendimento" },
];

export function categoryName(category: string): string {
  return categories.find(({ value }) => value === category)?.label ?? category;
}

export function pauseReason(reason: string | null): string {
  if (reason === "person") return "pausado por uma pessoa";
  if (reason === "configuration") return "o provedor recusa a chave, o app, o número ou o saldo";
  return reason ?? "";
}

/** Millionths → "R$ 0,0340": messages cost less than a cent. */
export function priceText(micros: number, currency: string): string {
  const format = new Intl.NumberFormat("pt-BR", { style: "currency", currency, minimumFractionDigits: 4 });
  return format.format(micros / 1_000_000);
}

/** Millionths of many messages → "R$ 1.234,56". */
export function costText(micros: number, currency: string): string {
  return new Intl.NumberFormat("pt-BR", { style: "currency", currency }).format(micros / 1_000_000);
}
