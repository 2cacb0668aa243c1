import type { ImportRow, ImportStatus, KeptRow } from "./shapes";

/** What a program sends has no file's name. */
export function nameOf({ file_name }: Pick<ImportRow, "file_name">): string {
  return file_name ?? "Envio por API";
}

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
  rolling_back: "sendo desfeita",
  rolled_back: "desfeita",
  rehearsed: "conferida",
};

export const keptReasons: Record<string, string> = {
  changed_since: "mudou depois da importação",
  in_use: "está em uso",
  contacted_since: "o cliente foi contatado depois da importação",
  imported_since: "uma importação posterior também mexeu",
};

/** What a row that stayed is: "título A1 de Ana Souza". */
export function keptRow({ table, name, contract }: KeptRow): string {
  if (table === "debts") return `Título ${contract ?? ""} de ${name}`;
  if (table === "client_phones") return `Telefone de ${name}`;
  return table === "creditors" ? `Credor ${name}` : name;
}
