export const automation: Record<string, string> = {
  run_not_found: "Esta execução não existe mais.",
  run_not_retryable: "Só uma execução que falhou ou foi pulada pode ser reprocessada.",
  not_retryable: "Isto não se reprocessa por aqui, ou já foi feito de novo.",
  rule_invalid: "A regra tem um campo que não vale. Confira e salve de novo.",
  rule_not_found: "Esta regra não existe mais.",
  dry_run_needed: "Simule a regra como ela está agora e veja o resultado antes de ligar.",
  dry_run_too_large: "Este período alcança gente demais para simular de uma vez. Escolha menos dias.",
  period_invalid: "Escolha um período de até um mês.",
  disposition_not_found: "Esta tabulação não existe mais.",
  undo_too_late: "Já passou o tempo de desfazer: o que esta tabulação aciona começou.",
  integration_field_invalid: "Um dos campos da integração não é válido.",
  integration_not_found: "Conecte o provedor antes.",
};
