import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { csvLines, saveCsv } from "@/lib/csv";
import { count, day, money, percent } from "@/lib/format";
import { centsText } from "@/lib/typed";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./panel.module.css";
import { useStock } from "./queries";
import type { Outcome, PanelFilter, Stock } from "./shapes";
import { bandName, outcomeNames } from "./words";

const outcomes = Object.keys(outcomeNames) as Outcome[];

function stockFile(stock: Stock): string {
  return csvLines([
    ["Atraso", "Títulos", "Principal devido"],
    ...stock.bands.map(({ band, titles, cents }) => [bandName(band), String(titles), centsText(cents)]),
  ]);
}

/** The portfolio by days past due, and where the last month's balance of each band went. */
export function StockPanel({ filter }: { filter: PanelFilter }): ReactNode {
  const { data: stock, error, refetch } = useStock(filter);
  return (
    <Panel
      title="Carteira por atraso"
      aside={
        stock?.day && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => saveCsv(`Carteira por atraso ${stock.day}`, [stockFile(stock)])}
          >
            Baixar CSV
          </Button>
        )
      }
    >
      {error && !stock && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!stock && !error && <Skeleton width="100%" height={120} />}
      {stock && (
        <p className={classes.note}>
          {stock.day
            ? `Fotografia da abertura de ${day(stock.day)}${stock.taken_at ? `, tirada ${moment(stock.taken_at)}` : ""}.`
            : "Não há fotografia da carteira neste período."}{" "}
          {stock.since && `Há fotografias desde ${day(stock.since)}; do que veio antes nada se sabe.`}
        </p>
      )}
      {stock && stock.bands.length > 0 && <Bands stock={stock} />}
      {stock && stock.recovered.length > 0 && <Recovered stock={stock} filter={filter} />}
      {stock && stock.rolls.length > 0 && <Rolls stock={stock} />}
    </Panel>
  );
}

function Bands({ stock }: { stock: Stock }): ReactNode {
  const largest = Math.max(...stock.bands.map(({ cents }) => cents), 1);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Carteira por faixa de atraso">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Atraso</th>
            <th scope="col" data-right>
              Títulos
            </th>
            <th scope="col" data-right>
              Principal devido
            </th>
            <th scope="col" aria-label="Tamanho" />
          </tr>
        </thead>
        <tbody>
          {stock.bands.map(({ band, titles, cents }) => (
            <tr key={band}>
              <th scope="row">{bandName(band)}</th>
              <td data-right>{count(titles)}</td>
              <td data-right>{money(cents)}</td>
              <td className={classes.barCell}>
                <div className={classes.bar} style={{ inlineSize: `${(100 * cents) / largest}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Of what each band owed as the period began, how much came in. */
function Recovered({ stock, filter }: { stock: Stock; filter: PanelFilter }): ReactNode {
  return (
    <>
      <p className={classes.note}>
        Recuperação por faixa, de {day(filter.from)} a {day(filter.to)}: o que entrou dos títulos, pela idade que tinham
        no começo, sobre o principal devido então.{" "}
        {!stock.has_opening && "Sem fotografia do primeiro dia não há saldo a comparar. "}
        {stock.entered_cents !== 0 && `De títulos que chegaram depois entraram ${money(stock.entered_cents)}.`}
      </p>
      {/* A scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <section className={classes.scroll} tabIndex={0} aria-label="Recuperação por faixa de atraso">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Atraso no começo</th>
              {["Saldo", "Recebido", "Recuperação"].map((heading) => (
                <th key={heading} scope="col" data-right>
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {stock.recovered.map(({ band, opening_cents: opening, received_cents: received }) => (
              <tr key={band}>
                <th scope="row">{bandName(band)}</th>
                <td data-right>{opening === null ? "—" : money(opening)}</td>
                <td data-right>{money(received)}</td>
                <td data-right>{opening ? percent(((100 * received) / opening).toFixed(1)) : "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Rolls({ stock }: { stock: Stock }): ReactNode {
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
                <td data-right>{money(cents)}</td>
                {outcomes.map((outcome) => (
                  <td key={outcome} data-right title={money(parts[outcome] ?? 0)}>
                    {percent(((100 * (parts[outcome] ?? 0)) / cents).toFixed(1))}
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
