/** Why a line of a file was refused: code → what a person can do about it. */
export const rejectReasons: Record<string, string> = {
  columns_misplaced: "a linha tem mais colunas que o cabeçalho",
  document_missing: "CPF/CNPJ em branco",
  document_invalid: "CPF/CNPJ inválido",
  creditor_missing: "credor em branco",
  name_missing: "nome em branco",
  name_invalid: "nome inválido",
  contract_missing: "contrato em branco",
  contract_invalid: "contrato inválido",
  installment_invalid: "parcela inválida",
  due_date_missing: "vencimento em branco",
  due_date_invalid: "vencimento não é uma data",
  value_missing: "valor em branco",
  value_invalid: "valor não é um número",
  value_not_positive: "valor zero ou negativo",
  debt_of_another_client: "este título já pertence a outro cliente",
  debt_paid_in_part: "o título já recebeu pagamentos: o valor não muda por arquivo",
  repeated_with_difference: "o mesmo título aparece com dados diferentes",
};

export function rejectReason(code: string): string {
  return rejectReasons[code] ?? code;
}
