import type { ImportStatus } from "./shapes";

export const fieldNames: Record<string, string> = {
  document: "CPF ou CNPJ",
  name: "Nome",
  email: "E-mail",
  creditor: "Credor",
  contract: "Contrato",
  installment: "Parcela",
  due_on: "Vencimento",
  principal: "Valor",
  uf: "UF",
  external_id: "Código externo",
  phone: "Telefone",
};

export const changedNames: Record<string, string> = {
  "clients.name": "nome",
  "clients.email": "e-mail",
  "clients.uf": "UF",
  "clients.external_id": "código externo",
  "clients.extra": "dados extras",
  "debts.due_on": "vencimento",
  "debts.principal_cents": "valor",
  "debts.status": "situação do título",
};

export const statusNames: Record<ImportStatus, string> = {
  queued: "na fila",
  running: "em andamento",
  interrupted: "interrompida",
  done: "concluída",
  failed: "falhou",
  cancelled: "cancelada",
  rolled_back: "desfeita",
};

export const keptReasons: Record<string, string> = {
  changed_since: "mudou depois da importação",
  in_use: "está em uso",
  contacted_since: "foi contatado depois da importação",
};
