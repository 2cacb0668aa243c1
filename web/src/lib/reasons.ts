/** Why an automation or a message did not go out: the database's word → what people read. */
export const reasonSentences: Record<string, string> = {
  // decided before sending
  outside_hours: "fora do horário permitido para contato",
  suppressed: "contato bloqueado para este canal",
  no_reachable_phone: "nenhum celular que possa receber a mensagem",
  agreement_running: "com acordo em andamento e em dia",
  nothing_owed: "não há mais nada em aberto",
  expired: "a tabulação ficou velha demais para a mensagem fazer sentido",
  rule_disabled: "regra desligada",
  automations_stopped: "todas as automações estavam paradas",
  channel_stopped: "as automações deste canal estavam paradas",
  filter_left: "o cliente não se encaixa mais nas condições da regra",
  repeated: "esta regra já falou com o cliente há pouco tempo",
  installment_ended: "a parcela já foi paga, ou o acordo terminou",
  day_passed: "o vencimento mudou: não é mais o dia desta regra",
  undone: "a tabulação foi desfeita",
  outside_window: "fora do horário da regra",
  daily_cap: "limite diário da regra atingido; segue no próximo dia",
  template_not_approved: "modelo de mensagem não aprovado",
  template_needs_charge: "o modelo fala de uma cobrança, e a regra não envia nenhuma",
  sender_paused: "o número de WhatsApp está pausado; sairá quando for reativado",
  template_missing: "falta um modelo aprovado para links de pagamento",
  charge_not_payable: "a cobrança já foi paga ou cancelada",
  charge_not_ready: "a cobrança ainda não tem link",
  integration_inactive: "integração desligada ou sem configuração",
  no_phone: "sem telefone",
  no_whatsapp: "sem celular que possa ter WhatsApp",
  // left out of the dialer
  attempt_cap: "já foram feitas todas as tentativas permitidas no período",
  blacklist: "na lista de bloqueio do discador",
  duplicate: "número repetido na mesma carga",
  invalid: "número que o discador não aceita",
  on_hold: "cobrança suspensa por contestação",
  phone_foreign: "número de fora do Brasil",
  prescribed: "dívida prescrita",
  refused: "recusado pelo discador sem motivo",
  wrong_contact: "contato incorreto",
  // in a bulk send
  cancelled: "o disparo foi cancelado antes",
  just_written: "esta pessoa acabou de receber outra mensagem",
  retried: "será tentada de novo",
  variable_missing: "falta um dado que o modelo usa",
  // told by the provider
  rate_limited: "limite de envio do provedor atingido",
  provider_unavailable: "o provedor não respondeu depois de várias tentativas",
  number_invalid: "número sem WhatsApp",
  opted_out: "a pessoa pediu para não receber mensagens",
  policy: "recusada pela política do WhatsApp",
  template_rejected: "modelo recusado pelo provedor",
  configuration: "integração configurada de forma errada",
  outcome_unknown: "o provedor não confirmou se enviou",
  unclassified: "recusada pelo provedor sem motivo conhecido",
  poisoned: "tarefa com defeito, retirada da fila",
};

export function reasonSentence(code: string): string {
  return reasonSentences[code] ?? `motivo não catalogado (${code})`;
}
