/** Machine code (docs/error_codes.md) → the sentence people read. A test compares both lists. */
export const sentences: Record<string, string> = {
  // the platform and the way to it
  offline: "Sem conexão com o servidor. Confira sua internet; tentaremos de novo.",
  server_error: "O servidor teve um problema. Tente de novo em instantes.",
  internal: "Algo deu errado do nosso lado. Tente de novo em instantes.",
  database_unavailable: "O servidor está ocupado. Tente de novo em instantes; nada foi perdido.",
  payload_too_large: "O que foi enviado é grande demais.",
  unexpected_answer: "O servidor não aceitou o pedido. Recarregue a página e tente de novo.",
  session_expired: "Sua sessão terminou. Entre de novo para continuar.",
  not_authenticated: "Entre na sua conta para continuar.",
  not_allowed: "Seu perfil não permite fazer isso. Fale com quem administra a sua assessoria.",
  not_found: "Não encontramos o que você pediu.",
  too_many_requests: "Muitas tentativas em pouco tempo. Espere um minuto e tente de novo.",
  method_not_allowed: "Este endereço não aceita esse tipo de pedido.",
  malformed_payload: "O pedido chegou incompleto. Recarregue a página e tente de novo.",
  // signing in and up
  invalid_credentials: "E-mail ou senha incorretos.",
  user_already_exists: "Já existe uma conta com este e-mail. Use a página de entrada.",
  email_exists: "Já existe uma conta com este e-mail. Use a página de entrada.",
  email_not_confirmed: "Confirme seu e-mail pelo link que enviamos e entre de novo.",
  weak_password: "Esta senha é fácil demais. Escolha outra, com pelo menos 8 caracteres.",
  signup_disabled: "O cadastro está fechado. Peça um convite a quem administra a sua assessoria.",
  validation_failed: "Confira o e-mail e a senha.",
  over_request_rate_limit: "Muitas tentativas em pouco tempo. Espere um minuto e tente de novo.",
  // team
  already_member: "Esta pessoa já faz parte da assessoria.",
  email_invalid: "Este e-mail não é válido.",
  invitation_not_found: "Este convite não existe mais.",
  last_admin: "A assessoria precisa de pelo menos um administrador.",
  membership_not_found: "Esta pessoa não faz mais parte da assessoria.",
  // carteira
  client_not_found: "Este cliente não está na carteira desta assessoria.",
  filter_invalid: "Este filtro tem um valor que não vale. Limpe o filtro e tente de novo.",
  unknown_filter: "Este filtro não existe mais. Limpe o filtro e tente de novo.",
  sort_invalid: "Esta ordem não existe mais. Recarregue a página.",
  selection_invalid: "A seleção não vale mais. Desmarque, escolha de novo e tente outra vez.",
  unknown_facet: "Este filtro não existe mais. Recarregue a página.",
  action_unknown: "Esta ação não existe mais. Recarregue a página.",
  member_not_found: "Esta pessoa não faz mais parte da assessoria. Escolha outra.",
  tag_not_found: "Esta tag foi excluída. Escolha outra.",
  name_taken: "Já existe outro com este nome. Escolha um nome diferente.",
  field_unknown: "O pedido traz um campo que não existe ou não pode ser mudado. Recarregue a página.",
  field_invalid: "Um dos campos tem um valor que não vale. Confira e salve de novo.",
  invalid_cursor: "A lista mudou de forma. Recarregue a página.",
  // dispositions
  callback_in_past: "Este horário de retorno já passou. Escolha outro.",
  callback_needs_time: "Escolha a data e a hora do retorno.",
  callback_not_expected: "Só “Retornar Ligação” leva data e hora.",
  disposition_id_reused: "Esta tabulação já foi gravada com outro conteúdo. Descarte esta e faça outra.",
  disposition_type_unknown: "Este resultado não existe mais. Recarregue a página e escolha outro.",
  // automation
  run_not_found: "Esta execução não existe mais.",
  run_not_retryable: "Só uma execução que falhou ou foi pulada pode ser reprocessada.",
  integration_field_invalid: "Um dos campos da integração não é válido.",
  // money
  above_every_limit: "Nenhum perfil pode conceder tanto. Reduza o desconto ou o prazo.",
  address_invalid: "Confira o endereço: falta um campo ou o CEP não vale.",
  address_missing: "Para emitir a cobrança, informe o endereço do cliente.",
  agreement_not_found: "Este acordo não existe mais nesta assessoria.",
  agreement_not_living: "Este acordo não está em vigor.",
  agreement_not_pending: "Esta proposta já foi decidida ou venceu.",
  agreement_not_replaceable: "Este acordo não pode ser renegociado.",
  approval_above_role: "Esta proposta passa da sua alçada. Peça a um administrador.",
  approval_by_author: "Outra pessoa precisa decidir: você mesmo fez este pedido.",
  case_not_found: "Este pagamento não está mais na fila.",
  case_resolved: "Outra pessoa já resolveu este pagamento.",
  charge_before_approval: "A cobrança só pode ser emitida depois da aprovação.",
  charge_not_failed: "Esta cobrança não falhou; não há o que tentar de novo.",
  charge_not_found: "Esta cobrança não existe mais.",
  debt_closed: "Um dos títulos já foi quitado ou devolvido.",
  debt_in_agreement: "Um dos títulos já está em um acordo em vigor.",
  debt_not_collectable: "Um dos títulos está em disputa, prescrito ou devolvido.",
  debt_not_found: "Um dos títulos não é deste cliente.",
  debt_on_hold: "Um dos títulos está em disputa. Um supervisor precisa liberá-lo.",
  debt_prescribed: "Um dos títulos está prescrito. Só um administrador pode reabri-lo, com motivo.",
  debts_of_several_creditors: "Faça um acordo para cada credor.",
  decision_unknown: "Escolha aprovar ou recusar.",
  discount_invalid: "Este desconto não vale. Confira os valores.",
  down_payment_exceeds_total: "A entrada passa do total do acordo.",
  down_payment_invalid: "Confira a entrada: valor, data e forma de pagamento.",
  down_payment_short: "Sem parcelas, a entrada precisa cobrir o total.",
  due_date_in_past: "Escolha um vencimento de hoje em diante.",
  evidence_missing: "Diga como se sabe que este valor foi pago.",
  first_due_missing: "Diga quando vence a primeira parcela em aberto.",
  holiday_in_past: "Só dias de hoje em diante podem virar ou deixar de ser feriado.",
  index_factors_invalid: "Confira os meses e os percentuais do índice.",
  installment_not_found: "Esta parcela não existe mais.",
  installment_not_open: "Esta parcela já foi paga ou cancelada.",
  installments_invalid: "Confira o número de parcelas e o dia de vencimento.",
  last_installment: "Esta é a última parcela: cancele o acordo.",
  method_not_offered: "Esta forma de pagamento não está contratada.",
  no_debts: "Escolha pelo menos um título.",
  nothing_to_pay: "Com estes descontos não sobra nada a pagar.",
  payment_not_found: "Este pagamento não existe nesta assessoria.",
  payment_reversed: "Este pagamento já foi estornado.",
  phone_missing: "Para emitir a cobrança, informe um telefone do cliente.",
  policy_in_past: "Uma nova versão só pode valer de hoje em diante.",
  policy_invalid: "Confira os campos da política: há um valor que não vale.",
  policy_scope_missing: "Diga se a mudança vale só para novos acordos ou também para os que estão em vigor.",
  proposal_invalid: "A proposta chegou incompleta. Simule de novo.",
  provider_not_connected: "Conecte a Negociarie nas configurações.",
  reason_missing: "Escreva o motivo.",
  resolution_unknown: "Esta decisão não vale para este tipo de pagamento.",
  settlement_decided: "Esta baixa já foi decidida.",
  settlement_id_reused: "Esta baixa já foi pedida por outra pessoa. Recarregue a página.",
  settlement_invalid: "Confira a baixa: valor, data e parcela.",
  settlement_not_found: "Esta baixa não existe mais.",
  settlement_pending: "Já há uma baixa desta parcela esperando decisão.",
  target_missing: "Diga a que parcela ou títulos este pagamento pertence.",
  template_not_found: "Este modelo de oferta não existe mais.",
  transition_illegal: "O acordo mudou de situação. Recarregue a página.",
  // import
  file_missing: "Escolha um arquivo.",
  file_empty: "O arquivo está vazio.",
  file_not_csv: "Este arquivo não é um CSV. Confira se ele abre como planilha e tente de novo.",
  file_type_unsupported: "Este tipo de arquivo não é aceito. Salve a planilha como XLSX ou CSV.",
  file_too_large: "O arquivo é grande demais. Divida-o em partes.",
  row_too_long: "Há uma linha longa demais no arquivo. Confira as aspas e o separador.",
  document_column_missing: "Não achamos a coluna de CPF ou CNPJ. Confira o cabeçalho do arquivo.",
  columns_missing: "Faltam colunas no arquivo. Ele precisa de documento, contrato, vencimento e valor.",
  creditor_missing: "Escolha o credor, ou inclua a coluna de credor no arquivo.",
  creditor_not_found: "Este credor não está cadastrado. Um administrador pode importar com credores novos.",
  too_many_new_creditors: "O arquivo traz credores novos demais. Confira se a coluna de credor é a certa.",
  import_collided: "Outra importação está em andamento. Espere ela terminar e tente de novo.",
  workbook_refused: "Não deu para ler esta planilha: ela está danificada, protegida por senha ou é grande demais.",
  sheet_unknown: "Esta aba não existe no arquivo. Escolha outra.",
  sheet_ambiguous: "O arquivo tem mais de uma aba com carteira. Escolha qual importar.",
  mapping_invalid: "A ligação entre colunas e campos não vale para este arquivo. Confira e tente de novo.",
  json_invalid: "O conteúdo enviado não é um JSON válido.",
  idempotency_key_missing: "O envio por API precisa do cabeçalho Idempotency-Key.",
  idempotency_key_reused: "Esta chave de idempotência já foi usada com outro conteúdo.",
  import_in_progress: "Este mesmo envio ainda está em andamento. Espere ele terminar.",
  import_cancelled: "A importação foi cancelada. Nada foi gravado.",
  import_id_taken: "Esta importação já foi enviada. Feche a janela e comece outra.",
  import_not_found: "Esta importação não existe mais.",
  import_not_done: "Só uma importação concluída pode ser desfeita, e uma única vez.",
  import_not_running: "Esta importação já terminou.",
  process_died: "O servidor parou no meio da importação e nada foi gravado. Envie o mesmo arquivo de novo.",
  api_key_name_invalid: "Dê um nome à chave, com até 80 letras.",
  api_key_not_found: "Esta chave não existe mais.",
  api_key_unknown: "Esta chave de API não vale ou foi revogada.",
  import_not_open: "Esta importação já foi encerrada. Comece outra.",
};

const unknownSentence = "Algo não saiu como esperado. Tente de novo; se continuar, avise o suporte.";

export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    readonly code: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** For developers, never shown. */
    readonly detail = "",
  ) {
    super(code);
  }

  /** PostgREST answers {code, message, details}; ours carry the machine code in `message` and PTnnn in `code`. */
  static fromPostgrest(status: number, error: { message: string; code?: string; details?: string }): AppError {
    if (status === 0 || status === 408) return new AppError("offline", 0, error.message);
    const ours = error.code?.startsWith("PT") ?? false;
    const code = ours ? error.message : (platformCodes[error.code ?? ""] ?? codeFromStatus(status));
    return new AppError(code, status, error.details ?? error.message);
  }

  /** The auth service answers {code, message}; older releases of it leave the code out for a wrong password. */
  static fromAuth({ status = 0, code, message }: { status?: number; code?: string; message: string }): AppError {
    if (status === 0) return new AppError("offline", 0, message);
    const fallback = status === 400 ? "invalid_credentials" : codeFromStatus(status);
    return new AppError(code ?? fallback, status, message);
  }

  /** No answer, or one that says nothing about the request itself: trying again may work. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

/** Codes of Postgres and PostgREST themselves that a person can meet. */
const platformCodes: Record<string, string> = {
  "42501": "not_allowed",
  // A client of another tenant is as unknown as one that never was.
  "23503": "client_not_found",
  "23505": "name_taken",
  PGRST301: "session_expired",
  PGRST303: "session_expired",
};

function codeFromStatus(status: number): string {
  if (status === 401) return "session_expired";
  if (status === 403) return "not_allowed";
  if (status === 404) return "not_found";
  if (status === 429) return "too_many_requests";
  return status >= 500 ? "server_error" : "unexpected_answer";
}

export async function errorFromResponse(response: Response): Promise<AppError> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown };
    if (typeof body.error === "string") return new AppError(body.error, response.status, String(body.detail ?? ""));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return new AppError(codeFromStatus(response.status), response.status, text.slice(0, 200));
}

export function sentenceFor(error: unknown): string {
  return error instanceof AppError ? (sentences[error.code] ?? unknownSentence) : unknownSentence;
}
