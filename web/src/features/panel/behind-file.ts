import { csvLines } from "@/lib/csv";
import { day, documentNumber } from "@/lib/format";
import { centsText } from "@/lib/typed";
import type { BehindRow } from "./shapes";
import { sourceNames, type worthOf } from "./words";

const columns = ["dia", "instante", "o que", "cliente", "documento", "operador", "credor"];

/** The rows behind a number as a file; with a unit, what each is worth. */
export function behindFile(rows: BehindRow[], withHeader: boolean, worth: ReturnType<typeof worthOf> | null): string {
  const amount = (row: BehindRow): string =>
    worth === "micros"
      ? (row.amount / 1_000_000).toFixed(6).replace(".", ",")
      : worth === "seconds"
        ? String(row.amount)
        : centsText(row.amount);
  // A stock's rows are titles, all of them.
  const ofTitles = rows.some(({ title }) => title);
  const lines = rows.map((row) => [
    day(row.day),
    row.at,
    sourceNames[row.source],
    row.client?.name ?? "",
    row.client ? documentNumber(row.client.document) : "",
    row.operator?.name ?? "",
    row.creditor ?? "",
    ...(ofTitles ? [row.title?.contract ?? "", String(row.title?.installment ?? ""), row.title?.due_on ?? ""] : []),
    ...(worth ? [amount(row)] : []),
  ]);
  return csvLines([
    ...(withHeader
      ? [
          [
            ...columns,
            ...(ofTitles ? ["contrato", "parcela", "vencimento"] : []),
            ...(worth ? [worth === "seconds" ? "segundos" : "valor"] : []),
          ],
        ]
      : []),
    ...lines,
  ]);
}
