import type { Tone } from "@/ui/tag";
import type { Sender } from "./queries";

/** As people call it in passing: the whole name is the adapter's, in Integrações. */
export function providerName(provider: string): string {
  return provider.charAt(0).toUpperCase() + provider.slice(1);
}

/** The closed list of fields that fill a template (private.are_template_variables); charge.* only where a charge is sent. */
export const fields: { value: string; label: string }[] = [
  { value: "client.first_name", label: "primeiro nome" },
  { value: "client.name", label: "nome completo" },
  { value: "client.open_total", label: "total em aberto" },
  { value: "client.open_debts", label: "quantos títulos em aberto" },
  { value: "client.oldest_due_on", label: "vencimento mais antigo" },
  { value: "creditor.name", label: "credor" },
  { value: "tenant.name", label: "nome da assessoria" },
];

export const chargeFields: { value: string; label: string }[] = [
  { value: "charge.amount", label: "cobrança: valor" },
  { value: "charge.due_on", label: "cobrança: vencimento" },
  { value: "charge.link", label: "cobrança: link" },
  { value: "charge.pix_code", label: "cobrança: Pix copia e cola" },
  { value: "charge.digitable_line", label: "cobrança: linha digitável" },
];

export const extraPrefix = "client.extra.";

export function fieldName(field: string): string {
  const known = [...fields, ...chargeFields].find(({ value }) => value === field);
  return known?.label ?? (field.startsWith(extraPrefix) ? `carteira: ${field.slice(extraPrefix.length)}` : field);
}

const statuses: Record<string, { label: string; tone: Tone }> = {
  approved: { label: "aprovado", tone: "good" },
  paused: { label: "parado", tone: "warn" },
  rejected: { label: "recusado", tone: "bad" },
};

export function statusWords(status: string): { label: string; tone: Tone } {
  return statuses[status] ?? { label: status, tone: "neutral" };
}

export const senderStates: Record<Sender["state"], { label: string; tone: Tone }> = {
  active: { label: "ativo", tone: "good" },
  paused: { label: "pausado", tone: "warn" },
  disabled: { label: "desativado", tone: "neutral" },
};

export const qualities: Record<Sender["quality"], { label: string; tone: Tone }> = {
  green: { label: "qualidade alta", tone: "good" },
  yellow: { label: "qualidade média", tone: "warn" },
  red: { label: "qualidade baixa", tone: "bad" },
  unknown: { label: "qualidade não informada", tone: "neutral" },
};

/** Why a synchronisation failed, in the failure words of the adapters. */
const syncErrors: Record<string, string> = {
  configuration: "a chave, o app ou a conta foi recusada",
  rate_limited: "muitas chamadas agora; tente em um minuto",
  provider_unavailable: "não respondeu",
  outcome_unknown: "respondeu algo que não se lê",
  templates_missing: "não listou nenhum modelo desta vez, embora tivesse; tente de novo mais tarde",
};

export function syncError(error: string): string {
  return syncErrors[error] ?? "recusou o pedido";
}

/** "0,035" → 35000 millionths; null for anything that is no price. */
export function microsOf(text: string): number | null {
  const [, whole, fraction = ""] = /^(\d{1,3})(?:,(\d{1,6}))?$/.exec(text.trim()) ?? [];
  return whole === undefined ? null : Number(whole + fraction.padEnd(6, "0"));
}
