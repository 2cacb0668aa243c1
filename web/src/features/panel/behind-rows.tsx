import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { saveCsv } from "@/lib/csv";
import { day, documentNumber } from "@/lib/format";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { behindFile } from "./behind-file";
import classes from "./panel.module.css";
import { allBehind, useBehind } from "./queries";
import type { Behind, BehindPage, BehindRow, PanelFilter } from "./shapes";
import { figureText, sourceNames, type worthOf } from "./words";

interface BehindRowsProps {
  of: Behind;
  filter: PanelFilter;
  /** What each row's amount is worth; nothing when it is not an amount that is counted. */
  worth: ReturnType<typeof worthOf> | null;
  fileName: string;
}

/** The rows that a number is counted from, and their file. */
export function BehindRows({ of, filter, worth, fileName }: BehindRowsProps): ReactNode {
  const pages = useBehind(of, filter);
  const { data, error, refetch } = pages;
  const rows = data?.pages.flatMap((page) => page.rows);
  const download = useMutation({
    mutationFn: async () => {
      const lines: string[] = [];
      for await (const page of allBehind(of, filter)) lines.push(behindFile(page, lines.length === 0, worth));
      saveCsv(fileName, lines);
    },
  });
  return (
    <>
      <RecordNote page={data?.pages[0]} />
      {error && !rows && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!rows && !error && <Skeleton width="100%" height={160} />}
      {rows?.length === 0 && (
        <EmptyState title="Nenhuma linha">
          {isSumsOnly(data?.pages[0])
            ? "Dessa fotografia ficaram só as somas: as linhas ficam guardadas por um ano, e as mais antigas já saíram ou não foram guardadas."
            : "Nada aconteceu neste período."}
        </EmptyState>
      )}
      {rows && rows.length > 0 && <Rows rows={rows} worth={worth} />}
      {download.error && <ErrorState error={download.error} />}
      {rows && rows.length > 0 && (
        <Button variant="default" loading={download.isPending} onClick={() => download.mutate()}>
          Baixar CSV
        </Button>
      )}
      <ShowMore of={pages} look="page" />
    </>
  );
}

/** A record whose rows are gone after a year, or that was taken before rows were kept. */
const isSumsOnly = (page: BehindPage | undefined): boolean => Boolean(page?.asked_day && !page.day);

/** Of which record the rows are, when they are a record's. */
function RecordNote({ page }: { page: BehindPage | undefined }): ReactNode {
  if (!page?.day) return null;
  if (page.asked_day && page.asked_day !== page.day)
    return (
      <p className={classes.faint}>
        Da fotografia de {day(page.asked_day)} ficaram só as somas. Estas são as linhas da mais próxima que está
        guardada, de {day(page.day)}.
      </p>
    );
  return <p className={classes.faint}>Linhas da fotografia da abertura de {day(page.day)}.</p>;
}

const dated = ["installments", "payments", "cost_rates", "debts", "clients", "payment_allocations"];

function Rows({ rows, worth }: { rows: BehindRow[]; worth: BehindRowsProps["worth"] }): ReactNode {
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
              <td>{dated.includes(row.source) ? day(row.day) : moment(row.at)}</td>
              <td>
                <What row={row} />
              </td>
              <td>
                <Who row={row} />
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

function What({ row }: { row: BehindRow }): ReactNode {
  if (row.source === "agreements") return <Link href={`/acordos/${row.source_id}`}>{sourceNames[row.source]}</Link>;
  if (!row.title) return sourceNames[row.source];
  return (
    <>
      {sourceNames[row.source]} {row.title.contract}
      {row.title.installment > 0 && `/${row.title.installment}`}
      <div className={classes.faint}>vencimento {day(row.title.due_on)}</div>
    </>
  );
}

function Who({ row }: { row: BehindRow }): ReactNode {
  if (row.client)
    return (
      <>
        <Link href={`/carteira/${row.client.document}`}>{row.client.name}</Link>
        <div className={classes.faint}>{documentNumber(row.client.document)}</div>
      </>
    );
  return row.source === "cost_rates" || row.source === "operator_states" ? "—" : "não identificado";
}
