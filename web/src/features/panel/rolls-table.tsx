import type { ReactNode } from "react";
import { day, money, percent } from "@/lib/format";
import classes from "./panel.module.css";
import type { Outcome, PanelFilter, Stock } from "./shapes";
import { StockCell } from "./stock-cell";
import { bandName, outcomeNames } from "./words";

const outcomes = Object.keys(outcomeNames) as Outcome[];

/** Where the last whole month's balance of each band went. */
export function Rolls({ stock, filter }: { stock: Stock; filter: PanelFilter }): ReactNode {
  return (
    <>
      <p className={classes.note}>
        Para onde foi o saldo de {stock.rolled_from && day(stock.rolled_from)} até{" "}
        {stock.rolled_to && day(stock.rolled_to)}; cada linha soma 100%.
      </p>
      {/* A scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <section className={classes.scroll} tabIndex={0} aria-label="Rolagem da carteira">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Atraso no começo</th>
              <th scope="col" data-right>
                Saldo
              </th>
              {outcomes.map((outcome) => (
                <th key={outcome} scope="col" data-right>
                  {outcomeNames[outcome]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {stock.rolls.map(({ band, cents, outcomes: parts }) => (
              <tr key={band}>
                <th scope="row">{bandName(band)}</th>
                <td data-right>
                  <StockCell of={{ table: "rolled", band }} filter={filter} name={`${bandName(band)}, Saldo`}>
                    {money(cents)}
                  </StockCell>
                </td>
                {outcomes.map((outcome) => (
                  <td key={outcome} data-right title={money(parts[outcome] ?? 0)}>
                    {parts[outcome] ? (
                      <StockCell
                        of={{ table: "rolled", band, outcome }}
                        filter={filter}
                        name={`${bandName(band)}, ${outcomeNames[outcome]}`}
                      >
                        {percent(((100 * parts[outcome]) / cents).toFixed(1))}
                      </StockCell>
                    ) : (
                      percent("0.0")
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
