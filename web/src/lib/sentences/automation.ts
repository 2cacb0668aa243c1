export const automation: Record<string, string> = {
  run_not_found: "Esta execução não existe mais.",
  run_not_retryable: "Só uma execução que falhou ou foi pulada pode ser reprocessada.",
  integration_field_invalid: "Um dos campos da integração não é válido.",
  integration_not_found: "Conecte o provedor antes.",
};
