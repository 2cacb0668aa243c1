import type { ReactNode } from "react";
import { type Debt, debtStatusNames } from "@/lib/client-shapes";
import { localDate, now } from "@/lib/clock";
import { day, daysBetween, money, plural } from "@/lib/format";
import classes from "@/ui/debt-table.module.css";
import { Tag, type Tone } from "@/ui/tag";

const tones: Partial<Record<Debt["status"], Tone>> = {
  settled: "good",
  in_agreement: "accent",
  on_hold: "warn",
  prescribed: "bad",
};

interface DebtTableProps {
  debts: Debt[];
  /** A click on a value asks where it comes from. */
  onExplain?: ((debtId: string) => void) | undefined;
}

export function DebtTable({ debts, onExplain }: DebtTableProps): ReactNode {
  const today = localDate(now());
  // With one creditor the header already says it.
  const severalCreditors = new Set(debts.map(({ creditor }) => creditor)).size > 1;
  if (debts.length === 0) return <p className={classes.none}>Nenhum título na carteira.</p>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">Contrato</th>
          <th scope="col">Vencimento</th>
          <th scope="col" className={classes.right}>
            Valor
          </th>
        </tr>
      </thead>
      <tbody>
        {debts.map((debt) => {
          const late = daysBetween(debt.due_on, today);
          return (
            <tr key={debt.id} data-status={debt.status}>
              <td>
                {debt.contract} <span className={classes.faint}>· parc. {debt.installment}</span>
                {severalCreditors && <div className={classes.faint}>{debt.creditor}</div>}
              </td>
              <td>
                {day(debt.due_on)}
                {debt.status === "open" && late > 0 && (
                  <div className={classes.late}>há {plural(late, "dia", "dias")}</div>
                )}
              </td>
              <td className={classes.right}>
                {onExplain ? (
                  <button
                    type="button"
                    className={classes.explain}
                    title="Ver a memória de cálculo"
                    aria-label={`${money(debt.principal_cents)}, ver a memória de cálculo`}
                    onClick={() => onExplain(debt.id)}
                  >
                    {money(debt.principal_cents)}
                  </button>
                ) : (
                  money(debt.principal_cents)
                )}
                {debt.status !== "open" && (
                  <div>
                    <Tag tone={tones[debt.status] ?? "neutral"}>{debtStatusNames[debt.status]}</Tag>
                  </div>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
