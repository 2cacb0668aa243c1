/** What happens to agreements, in words. */
export const agreementEventNames: Record<string, string> = {
  charge_requested: "Cobrança pedida",
  renegotiated: "Renegociado",
  charge_cancelled_by_provider: "O provedor cancelou uma cobrança",
  payment_case_resolved: "Caso de pagamento resolvido",
  policy_applied: "Prazos da política mudados",
  break_waits: "A quebra espera a conciliação",
  charge_failed: "Uma cobrança falhou",
  installment_cancelled: "Parcela cancelada",
  installment_not_cancelled: "A parcela não pôde ser cancelada",
  installment_rescheduled: "Vencimento mudado",
  payment_received: "Pagamento recebido",
  payment_reversed: "Pagamento estornado",
  settlement_requested: "Baixa manual pedida",
  settlement_decided: "Baixa manual decidida",
};

const reasonNames: Record<string, string> = {
  clock: "o prazo passou",
  price_changed: "o preço mudou",
  above_limits: "acima da alçada de quem propôs",
  within_limits: "dentro da alçada",
  approved: "aprovado",
  renegotiated: "renegociado",
  compensating: "espera a compensação bancária",
  reconciling: "espera a conciliação com o provedor",
  reconciliation_late: "a conciliação com o provedor está atrasada",
  ledger: "pelos pagamentos",
  lookup: "consulta ao provedor",
  sweep: "conciliação com o provedor",
  payment: "pagamento",
  manual: "baixa manual",
};

/** A person's words stay; the database's own codes become words. */
export function agreementReason(reason: string): string {
  return reasonNames[reason] ?? reason;
}
