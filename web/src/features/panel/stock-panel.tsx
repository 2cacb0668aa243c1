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
import { Rolls } from "./rolls-table";
import type { PanelFilter, Stock } from "./shapes";
import { StockCell } from "./stock-cell";
import { bandName } from "./words";

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
      {stock && stock.bands.length > 0 && <Bands stock={stock} filter={filter} />}
      {stock && stock.recovered.length > 0 && <Recovered stock={stock} filter={filter} />}
      {stock && stock.rolls.length > 0 && <Rolls stock={stock} filter={filter} />}
    </Panel>
  );
}

function Bands({ stock, filter }: { stock: Stock; filter: PanelFilter }): ReactNode {
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
              <td data-right>
                <StockCell of={{ table: "bands", band }} filter={filter} name={`${bandName(band)}, Títulos`}>
                  {count(titles)}
                </StockCell>
              </td>
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
        {stock.entered_cents !== 0 && (
          <>
            De títulos que chegaram depois entraram{" "}
            <StockCell of={{ table: "recovered", band: null }} filter={filter} name="Recebido de títulos novos">
              {money(stock.entered_cents)}
            </StockCell>
            .
          </>
        )}
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
                <td data-right>
                  {opening === null ? (
                    "—"
                  ) : (
                    <StockCell
                      of={{ table: "opening", band }}
                      filter={filter}
                      name={`${bandName(band)}, Saldo no começo`}
                    >
                      {money(opening)}
                    </StockCell>
                  )}
                </td>
                <td data-right>
                  {received === 0 ? (
                    money(0)
                  ) : (
                    <StockCell of={{ table: "recovered", band }} filter={filter} name={`${bandName(band)}, Recebido`}>
                      {money(received)}
                    </StockCell>
                  )}
                </td>
                <td data-right>{opening ? percent(((100 * received) / opening).toFixed(1)) : "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
