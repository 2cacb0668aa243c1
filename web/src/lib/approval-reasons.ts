import { money, percent } from "@/lib/format";
import { type ApprovalReason, componentNames } from "@/lib/money-shapes";

/** Why an offer needs somebody's approval: what was asked against what the role may grant. */
export function approvalSentence({ code, asked, limit, component }: ApprovalReason): string {
  switch (code) {
    case "discount_above_limit": {
      const of = component ? componentNames[component].toLowerCase() : "componente";
      return `Desconto de ${percent(asked)} em ${of}: o limite é ${percent(limit)}.`;
    }
    case "total_discount_above_limit":
      return `Desconto total de ${percent(asked)}: o limite é ${percent(limit)}.`;
    case "installments_above_limit":
      return `${asked} parcelas: o limite é ${limit}.`;
    case "installment_below_minimum":
      return `Parcela de ${money(Number(asked))}: o mínimo é ${money(Number(limit))}.`;
    case "down_payment_below_minimum":
      return `Entrada de ${money(Number(asked))}: o mínimo é ${money(Number(limit))}.`;
    case "first_due_too_far":
      return `Primeiro vencimento em ${asked} dias: o limite é ${limit}.`;
    case "last_due_too_far":
      return `Último vencimento em ${asked} dias: o limite é ${limit}.`;
    case "renegotiation_above_limit":
      return `Seria a renegociação de número ${asked}: o limite é ${limit}.`;
    case "client_broke_before":
      return "Este cliente já quebrou um acordo destes títulos.";
    case "template_not_applicable":
      return "O modelo não vale para a idade ou o credor destes títulos.";
    case "no_limits":
      return "Não há limites configurados para o seu perfil.";
    default:
      return "Fora do que o seu perfil pode conceder.";
  }
}
