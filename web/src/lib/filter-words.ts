import { type DebtStatus, debtStatusNames } from "@/lib/client-shapes";
import { type AgreementStatus, agreementStatusNames } from "@/lib/money-shapes";

export function agingLabel(band: string): string {
  return band === "0" ? "Em dia" : band === "1800+" ? "mais de 1.800 dias" : `${band.replace("-", " a ")} dias`;
}

export function whatsappLabel(value: string): string {
  return { true: "Com WhatsApp", false: "Sem WhatsApp" }[value] ?? "Ainda não se sabe";
}

const agreements: Record<string, string> = { none: "Nenhum em andamento", living: "Em andamento" };

export function agreementLabel(value: string): string {
  const name = agreements[value] ?? agreementStatusNames[value as AgreementStatus] ?? value;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function statusLabel(value: string): string {
  const name = debtStatusNames[value as DebtStatus] ?? value;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
