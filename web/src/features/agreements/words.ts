import type { Tone } from "@/ui/tag";
import type { Installment } from "./shapes";

export const chargeStates: Record<string, { text: string; tone: Tone }> = {
  queued: { text: "cobrança na fila", tone: "busy" },
  sending: { text: "registrando", tone: "busy" },
  unknown: { text: "conferindo com o provedor", tone: "busy" },
  registering: { text: "registrando no banco", tone: "busy" },
  open: { text: "cobrança emitida", tone: "good" },
  paid: { text: "cobrança paga", tone: "good" },
  cancelling: { text: "cancelando a cobrança", tone: "warn" },
  cancelled: { text: "cobrança cancelada", tone: "neutral" },
  failed: { text: "a cobrança falhou", tone: "bad" },
};

/** Why the provider did not take it, in words; the provider's own text is for developers. */
export const chargeErrors: Record<string, string> = {
  rate_limited: "O provedor pediu para esperar. A próxima tentativa sai sozinha.",
  provider_unavailable: "O provedor não respondeu. Tente de novo em alguns minutos.",
  payer_invalid: "O provedor recusou os dados do cliente. Confira nome, documento, telefone e endereço.",
  configuration: "A conta da Negociarie não está bem configurada. Avise um administrador.",
  unclassified: "O provedor recusou sem dizer um motivo conhecido.",
};

export function partName({ kind, number }: Pick<Installment, "kind" | "number">): string {
  return kind === "down_payment" ? `entrada ${number}` : `parcela ${number}`;
}

const cancelTexts: Record<string, string> = {
  agreement_broken: "o acordo quebrou",
  agreement_cancelled: "o acordo foi cancelado",
  agreement_lapsed: "o acordo caducou",
  agreement_replaced: "o acordo foi renegociado",
  agreement_settled: "o acordo foi quitado",
};

export function cancelText(reason: string | null): string | undefined {
  return reason === null ? undefined : (cancelTexts[reason] ?? reason);
}

export const caseNames: Record<string, string> = {
  paid_after_break: "Pagamento depois da quebra",
  duplicate: "Pagamento em dobro",
  overpayment: "Pagamento a maior",
  orphan: "Pagamento sem dono",
  contradiction: "Informação contraditória",
};
