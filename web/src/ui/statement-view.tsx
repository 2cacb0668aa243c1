import type { ReactNode } from "react";
import { day, documentNumber, exactMoney, money, percent, plural } from "@/lib/format";
import { componentNames, type Statement, type StatementDebt, type StatementLine } from "@/lib/money-shapes";
import classes from "@/ui/statement-view.module.css";
import { Tag } from "@/ui/tag";

interface StatementViewProps {
  statement: Statement;
  first?: string | undefined;
  /** What may be done with one title. */
  actionsOf?: (debt: StatementDebt) => ReactNode;
}

/** A calculation as it was made: every title, every component, each with its base, rate, days and rounding. */
export function StatementView({ statement, first, actionsOf }: StatementViewProps): ReactNode {
  const debts = first
    ? [...statement.debts].sort((a, b) => Number(b.debt_id === first) - Number(a.debt_id === first))
    : statement.debts;
  return (
    <div className={classes.statement}>
      {debts.map((debt) => (
        <DebtCalculation key={debt.debt_id} debt={debt} actions={actionsOf?.(debt)} />
      ))}
    </div>
  );
}

function DebtCalculation({ debt, actions }: { debt: StatementDebt; actions: ReactNode }): ReactNode {
  const moved = debt.effective_due_date !== debt.due_on;
  // Some contracts count from the printed day, whatever the banks did on it.
  const isNominal = debt.lines.some(({ component, since }) => component === "interest" && since === debt.due_on);
  return (
    <section className={classes.debt} aria-label={`Contrato ${debt.contract}, parcela ${debt.installment}`}>
      <header className={classes.head}>
        <h3>
          {debt.contract} <span className={classes.faint}>· parc. {debt.installment}</span>
        </h3>
        {debt.is_prescribed && <Tag tone="bad">Prescrito em {day(debt.prescribes_on)}</Tag>}
        {debt.status === "on_hold" && <Tag tone="warn">Suspenso</Tag>}
        {debt.status === "in_agreement" && <Tag tone="accent">Em acordo</Tag>}
        <strong className="num">{money(debt.total_cents)}</strong>
      </header>
      <p className={classes.faint}>
        {debt.creditor.name}
        {debt.creditor.document && ` · ${documentNumber(debt.creditor.document)}`}
        {debt.creditor.address && ` · ${debt.creditor.address}`}
      </p>
      <p className={classes.faint}>
        Vencimento {day(debt.due_on)}
        {moved &&
          (isNominal ? ", contado da data impressa" : `, contado de ${day(debt.effective_due_date)} (dia útil)`)}{" "}
        · {plural(debt.days_late, "dia de atraso", "dias de atraso")} ·{" "}
        {debt.policy_version === null
          ? "sem encargos configurados"
          : `regra de encargos, versão ${debt.policy_version}`}
      </p>
      <table className={classes.lines}>
        <thead>
          <tr>
            <th scope="col">Componente</th>
            <th scope="col">Como foi calculado</th>
            <th scope="col" className={classes.right}>
              Valor
            </th>
          </tr>
        </thead>
        <tbody>
          {debt.lines.map((line) => (
            <tr key={line.component}>
              <th scope="row">{componentNames[line.component]}</th>
              <td>
                {howText(line)}
                {asides(line).map((aside) => (
                  <div key={aside} className={classes.faint}>
                    {aside}
                  </div>
                ))}
              </td>
              <td className={classes.right}>{money(line.result_cents)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {actions}
    </section>
  );
}

const indexNames = { ipca: "IPCA", inpc: "INPC", igpm: "IGP-M" };
const ruleNames = {
  daily_30: "mês de 30 dias",
  actual_365: "ano de 365 dias",
  months_and_days: "meses cheios e dias",
};

function howText(line: StatementLine): string {
  const base = money(line.base_cents);
  switch (line.component) {
    case "principal":
      return "Valor do título";
    case "correction":
      return `${base} × (fator ${(line.factor ?? "").replace(".", ",")} − 1)${line.index ? `, ${indexNames[line.index]}` : ""}`;
    case "interest":
      return `${base} × ${percent(line.percent_per_month ?? "0")} ao mês × ${plural(line.days ?? 0, "dia", "dias")}`;
    default:
      return `${base} × ${percent(line.percent ?? "0")}`;
  }
}

function asides(line: StatementLine): string[] {
  const told: string[] = [];
  if (line.since && line.until)
    told.push(
      `de ${day(line.since)} a ${day(line.until)}${line.rule ? `, juros simples, ${ruleNames[line.rule]}` : ""}`,
    );
  if (line.component === "principal" && line.abated_cents)
    told.push(`original ${money(line.base_cents)}, já abatido ${money(line.abated_cents)}`);
  const isOnce = line.component === "fine" || line.component === "collection_fee";
  if (isOnce && line.accrued_cents === 0 && line.base_cents > 0)
    told.push("incide uma vez só: já entrou na conta antes do último pagamento de principal");
  if (line.exact_cents.includes("."))
    told.push(`${exactMoney(line.exact_cents)} arredondado para ${money(line.accrued_cents)} (meio centavo para cima)`);
  if (line.is_provisional) told.push("último índice publicado, provisório");
  if (line.carried_cents) told.push(`mais ${money(line.carried_cents)} de antes do último pagamento`);
  if (line.paid_cents) told.push(`menos ${money(line.paid_cents)} já pagos`);
  return told;
}
