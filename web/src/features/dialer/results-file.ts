import { csvLines } from "@/lib/csv";
import { reasonSentence } from "@/lib/reasons";
import type { ResultRow, RowOutcome } from "./shapes";

export const outcomeWords: Record<RowOutcome, string> = {
  excluded: "ficou de fora",
  waiting: "esperando a carga",
  loaded: "carregado no discador",
  filtered: "recusado pelo discador",
  removing: "saindo do discador",
  removed: "retirado do discador",
};

const columns = ["nome", "documento", "telefone", "resultado", "motivo"];

/** Lines of the download. */
export function csvOf(rows: ResultRow[], withHeader: boolean): string {
  const lines = rows.map(({ name, document, phone, outcome, reason }) => [
    name,
    document,
    phone?.replace("+", "") ?? "",
    outcomeWords[outcome],
    reason ? reasonSentence(reason) : "",
  ]);
  return `${withHeader ? `${columns.join(";")}\r\n` : ""}${csvLines(lines)}`;
}
