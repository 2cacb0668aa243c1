import type { ReactNode } from "react";
import { type DebtStatus, debtStatusNames } from "@/lib/client-shapes";
import { day, documentNumber, money, plural } from "@/lib/format";
import classes from "./import-dialog.module.css";
import type { ChangedRow, Differences } from "./shapes";
import { changedNames } from "./words";

export function DifferencesList({ differences }: { differences: Differences }): ReactNode {
  const fields = Object.entries(differences.fields).filter(([, rows]) => rows > 0);
  if (fields.length === 0) return null;
  return (
    <details className={classes.details}>
      <summary>
        O que muda:{" "}
        {fields
          .map(([field, rows]) => `${changedNames[field] ?? field} em ${plural(rows, "linha", "linhas")}`)
          .join(", ")}
      </summary>
      <ul className={classes.changes}>
        {/* Two creditors may use one contract number; the list never changes its order. */}
        {differences.rows.map((row, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two rows apart.
          <li key={`${place}:${row.document}`}>
            {row.name} · {row.contract ? `contrato ${row.contract}` : documentNumber(row.document)}:{" "}
            {Object.entries(row.changes)
              .map(
                ([field, [before, after]]) => `${nameOf(row, field)} ${shown(field, before)} → ${shown(field, after)}`,
              )
              .join("; ")}
          </li>
        ))}
      </ul>
    </details>
  );
}

function nameOf(row: ChangedRow, field: string): string {
  return changedNames[`${row.table}.${field}`] ?? field;
}

export function shown(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "em branco";
  if (field === "principal_cents" && typeof value === "number") return money(value);
  if (typeof value !== "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  if (field === "due_on") return day(value);
  return debtStatusNames[value as DebtStatus] ?? value;
}
