import type { ReactNode } from "react";
import { type DebtStatus, debtStatusNames } from "@/lib/client-shapes";
import { count, plural } from "@/lib/format";
import { shown } from "./differences-list";
import classes from "./import-dialog.module.css";
import type { ImportSummary, KeptTitle } from "./shapes";
import { changedNames } from "./words";

/** Titles that the file names and the import leaves alone, because of what happened to them here. */
export function KeptTitles({ summary }: { summary: ImportSummary }): ReactNode {
  const counts = Object.entries(summary.debts_kept) as [DebtStatus, number][];
  const total = counts.reduce((sum, [, titles]) => sum + titles, 0);
  const listed = summary.differences?.kept ?? [];
  if (total === 0) return null;
  return (
    <details className={classes.details}>
      <summary>
        {plural(total, "título do arquivo fica como está", "títulos do arquivo ficam como estão")}:{" "}
        {counts
          .map(([status, titles]) => `${count(titles)} ${debtStatusNames[status]}${manyOf(status, titles)}`)
          .join(", ")}
      </summary>
      <ul className={classes.changes}>
        {/* Two creditors may use one contract number; the list never changes its order. */}
        {listed.map((title, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two rows apart.
          <li key={`${place}:${title.document}`}>
            {title.name} · contrato {title.contract}, parcela {title.installment}: {debtStatusNames[title.status]}
            {otherwise(title)}
          </li>
        ))}
        {listed.length < total && <li>E mais {count(total - listed.length)}.</li>}
      </ul>
    </details>
  );
}

/** "2 quitados", "2 em acordo". */
function manyOf(status: DebtStatus, titles: number): string {
  return titles > 1 && !debtStatusNames[status].startsWith("em ") ? "s" : "";
}

function otherwise({ changes }: KeptTitle): string {
  const said = Object.entries(changes).map(
    ([field, [, value]]) => `${changedNames[`debts.${field}`] ?? field} ${shown(field, value)}`,
  );
  return said.length > 0 ? ` (no arquivo: ${said.join(", ")})` : "";
}
