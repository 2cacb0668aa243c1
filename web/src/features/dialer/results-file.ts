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

/** A cell no spreadsheet takes for a formula. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** Lines of the download, with `;` between cells as Brazilian spreadsheets want it. */
export function csvOf(rows: ResultRow[], withHeader: boolean): string {
  const lines = rows.map(({ name, document, phone, outcome, reason }) =>
    [name, document, phone?.replace("+", "") ?? "", outcomeWords[outcome], reason ? reasonSentence(reason) : ""]
      .map(cell)
      .join(";"),
  );
  return [...(withHeader ? [columns.join(";")] : []), ...lines, ""].join("\r\n");
}
