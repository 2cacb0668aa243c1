import { csvLines } from "@/lib/csv";
import { day, documentNumber } from "@/lib/format";
import { centsText } from "@/lib/typed";
import type { BehindRow } from "./shapes";
import { sourceNames } from "./words";

const columns = ["dia", "instante", "o que", "cliente", "documento", "operador", "credor"];

/** The rows behind a number as a file; `showsMoney` adds what each is worth. */
export function behindFile(rows: BehindRow[], withHeader: boolean, showsMoney: boolean): string {
  const lines = rows.map((row) => [
    day(row.day),
    row.at,
    sourceNames[row.source],
    row.client?.name ?? "",
    row.client ? documentNumber(row.client.document) : "",
    row.operator?.name ?? "",
    row.creditor ?? "",
    ...(showsMoney ? [centsText(row.amount)] : []),
  ]);
  return csvLines([...(withHeader ? [[...columns, ...(showsMoney ? ["valor"] : [])]] : []), ...lines]);
}
