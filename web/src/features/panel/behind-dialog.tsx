import { Button, Modal, SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/SegmentedControl.css";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { saveCsv } from "@/lib/csv";
import { day, documentNumber } from "@/lib/format";
import "@/ui/dialog-styles";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { behindFile } from "./behind-file";
import classes from "./panel.module.css";
import { allBehind, useBehind } from "./queries";
import type { BehindRow, Card, Figure, PanelFilter, Part } from "./shapes";
import { figureText, sourceNames, worthOf } from "./words";

interface BehindDialogProps {
  card: Card;
  figure: Figure | undefined;
  filter: PanelFilter;
  onClose: () => void;
}

/** What a number means and the rows it is counted from. */
export function BehindDialog({ card, figure, filter, onClose }: BehindDialogProps): ReactNode {
  // Who came by keyboard goes on from the number they opened.
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus();
    },
    [opener],
  );
  // A stock is a record of sums: it has no rows.
  const parts = partsOf(card);
  const [part, setPart] = useState<Part>(parts[0]?.value ?? "numerator");
  const pages = useBehind(card.code, part, filter, parts.length > 0);
  const { data, error, refetch } = pages;
  const rows = data?.pages.flatMap((page) => page.rows);
  const countedAs = part === "numerator" ? card.numerator_as : card.denominator_as;
  const worth = countedAs === "amount" ? worthOf(partMeasure(card, part)) : null;
  const download = useMutation({
    mutationFn: async () => {
      const lines: string[] = [];
      for await (const page of allBehind(card.code, part, filter))
        lines.push(behindFile(page, lines.length === 0, worth));
      saveCsv(`${card.name} ${filter.from} a ${filter.to}`, lines);
    },
  });
  return (
    <Modal
      opened
      size="xl"
      onClose={onClose}
      title={`${card.name}: ${figureText(card.unit, figure)}`}
      transitionProps={{ duration: 0 }}
    >
      <div className={classes.behind}>
        <p>{card.sentence}</p>
        <p className={classes.faint}>
          {card.formula} · conta pelo {card.date_basis} · {day(filter.from)} a {day(filter.to)}
        </p>
        {parts.length > 1 && (
          <SegmentedControl
            aria-label="Parte da conta"
            value={part}
            onChange={(value) => setPart(value === "denominator" ? "denominator" : "numerator")}
            data={parts}
          />
        )}
        {parts.length === 0 && (
          <p>
            Esta é uma fotografia: guarda somas, e não quem eram. Quem está na carteira agora está em{" "}
            <Link href="/carteira">Carteira</Link>.
          </p>
        )}
        {countedAs === "clients" && parts.length > 0 && (
          <p className={classes.faint}>Cada cliente conta uma vez, por mais linhas que tenha.</p>
        )}
        {error && !rows && <ErrorState error={error} onRetry={() => void refetch()} />}
        {!rows && !error && parts.length > 0 && <Skeleton width="100%" height={160} />}
        {rows?.length === 0 && <EmptyState title="Nenhuma linha">Nada aconteceu neste período.</EmptyState>}
        {rows && rows.length > 0 && <Rows rows={rows} worth={worth} />}
        {download.error && <ErrorState error={download.error} />}
        {rows && rows.length > 0 && (
          <Button variant="default" loading={download.isPending} onClick={() => download.mutate()}>
            Baixar CSV
          </Button>
        )}
        <ShowMore of={pages} look="page" />
      </div>
    </Modal>
  );
}

const isDated = (row: BehindRow): boolean => ["installments", "payments", "cost_rates"].includes(row.source);

const partMeasure = (card: Card, part: Part): string =>
  (part === "numerator" ? card.numerator : card.denominator) ?? "";

/** The parts of the sum that have rows, by the words of its formula. */
function partsOf(card: Card): { value: Part; label: string }[] {
  const [above = "", below = ""] = card.formula.split(" ÷ ");
  return [
    { value: "numerator" as const, label: above },
    { value: "denominator" as const, label: below },
  ].filter(({ value }) => {
    const measure = partMeasure(card, value);
    return measure !== "" && (measure === "stock_located" || !measure.startsWith("stock"));
  });
}

function Rows({ rows, worth }: { rows: BehindRow[]; worth: ReturnType<typeof worthOf> | null }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Linhas do número">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Quando</th>
            <th scope="col">O quê</th>
            <th scope="col">Cliente</th>
            <th scope="col">Operador</th>
            <th scope="col">Credor</th>
            {worth && (
              <th scope="col" data-right>
                {worth === "seconds" ? "Tempo" : "Valor"}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.source}:${row.source_id}`}>
              <td>{isDated(row) ? day(row.day) : moment(row.at)}</td>
              <td>
                {row.source === "agreements" ? (
                  <Link href={`/acordos/${row.source_id}`}>{sourceNames[row.source]}</Link>
                ) : (
                  sourceNames[row.source]
                )}
              </td>
              <td>
                {row.client ? (
                  <>
                    <Link href={`/carteira/${row.client.document}`}>{row.client.name}</Link>
                    <div className={classes.faint}>{documentNumber(row.client.document)}</div>
                  </>
                ) : row.source === "cost_rates" || row.source === "operator_states" ? (
                  "—"
                ) : (
                  "não identificado"
                )}
              </td>
              <td>{row.operator?.name ?? "—"}</td>
              <td>{row.creditor ?? "—"}</td>
              {worth && <td data-right>{figureText(worth, { numerator: row.amount, value: row.amount })}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
