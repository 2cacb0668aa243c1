import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { csvLines, saveCsv } from "@/lib/csv";
import { count, money, percent } from "@/lib/format";
import { centsText } from "@/lib/typed";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./panel.module.css";
import { useCohorts } from "./queries";
import type { Cohort, PanelFilter } from "./shapes";
import { StockCell } from "./stock-cell";

/** "2026-11" → "11/2026". */
const monthName = (month: string): string => month.split("-").reverse().join("/");

const monthsOf = (cohorts: Cohort[]): number =>
  1 + Math.max(0, ...cohorts.flatMap(({ paid }) => Object.keys(paid).map(Number)));

/** What had been paid by then, months since the entry. */
function paidBy(cohort: Cohort, months: number): number {
  return Object.entries(cohort.paid).reduce((sum, [since, cents]) => sum + (Number(since) <= months ? cents : 0), 0);
}

function cohortFile(cohorts: Cohort[]): string {
  const months = Array.from({ length: monthsOf(cohorts) }, (_, each) => each);
  return csvLines([
    ["Entrada", "Títulos", "Principal", ...months.map((each) => `Recebido no mês ${each}`)],
    ...cohorts.map((cohort) => [
      monthName(cohort.month),
      String(cohort.titles),
      centsText(cohort.cents),
      ...months.map((each) => centsText(cohort.paid[each] ?? 0)),
    ]),
  ]);
}

/** Of what came in a month, how much had been paid by each month since. */
export function CohortsPanel({ filter }: { filter: PanelFilter }): ReactNode {
  const { data: cohorts, error, refetch } = useCohorts(filter);
  return (
    <Panel
      title="Recuperação por safra"
      aside={
        cohorts &&
        cohorts.length > 0 && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => saveCsv(`Recuperação por safra até ${filter.to}`, [cohortFile(cohorts)])}
          >
            Baixar CSV
          </Button>
        )
      }
    >
      {error && !cohorts && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!cohorts && !error && <Skeleton width="100%" height={120} />}
      {cohorts?.length === 0 && <p className={classes.note}>Nenhum título entrou nos doze meses até esta data.</p>}
      {cohorts && cohorts.length > 0 && (
        <>
          <p className={classes.note}>
            Dos títulos que entraram em cada mês, quanto do principal já tinha sido pago até o fim do próprio mês (0) e
            de cada mês seguinte. A porcentagem acumula; o clique mostra os pagamentos daquele mês.
          </p>
          <Curve cohorts={cohorts} filter={filter} />
        </>
      )}
    </Panel>
  );
}

function Curve({ cohorts, filter }: { cohorts: Cohort[]; filter: PanelFilter }): ReactNode {
  const months = Array.from({ length: monthsOf(cohorts) }, (_, each) => each);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Recuperação por mês de entrada">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Entrada</th>
            <th scope="col" data-right>
              Títulos
            </th>
            <th scope="col" data-right>
              Principal
            </th>
            {months.map((each) => (
              <th key={each} scope="col" data-right>
                Mês {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cohorts.map((cohort) => {
            const name = `Safra ${monthName(cohort.month)}`;
            return (
              <tr key={cohort.month}>
                <th scope="row">{monthName(cohort.month)}</th>
                <td data-right>
                  <StockCell of={{ table: "cohort", band: cohort.month }} filter={filter} name={`${name}, Títulos`}>
                    {count(cohort.titles)}
                  </StockCell>
                </td>
                <td data-right>{money(cohort.cents)}</td>
                {months.map((each) => (
                  <td key={each} data-right title={money(paidBy(cohort, each))}>
                    {cohort.paid[each] === undefined ? (
                      <span className={classes.faint}>{share(cohort, each)}</span>
                    ) : (
                      <StockCell
                        of={{ table: "cohort_paid", band: cohort.month, outcome: String(each) }}
                        filter={filter}
                        name={`${name}, Recebido no mês ${each} (${money(cohort.paid[each])}), acumulado`}
                      >
                        {share(cohort, each)}
                      </StockCell>
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const share = (cohort: Cohort, months: number): string =>
  percent(((100 * paidBy(cohort, months)) / cohort.cents).toFixed(1));
