export function agingLabel(band: string): string {
  return band === "0" ? "Em dia" : band === "1800+" ? "mais de 1.800 dias" : `${band.replace("-", " a ")} dias`;
}

export function whatsappLabel(value: string): string {
  return { true: "Com WhatsApp", false: "Sem WhatsApp" }[value] ?? "Ainda não se sabe";
}

const agreements: Record<string, string> = { none: "Sem acordo", running: "Em andamento", broken: "Quebrado" };

export function agreementLabel(value: string): string {
  return agreements[value] ?? value;
}
