import { Button, Modal, SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/SegmentedControl.css";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { saveCsv } from "@/lib/csv";
import { day, documentNumber, money } from "@/lib/format";
import "@/ui/dialog-styles";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { behindFile } from "./behind-file";
import classes from "./panel.module.css";
import { allBehind, useBehind } from "./queries";
import type { BehindRow, Card, Figure, PanelFilter, Part } from "./shapes";
import { figureText, sourceNames } from "./words";

interface BehindDialogProps {
  card: Card;
  figure: Figure | undefined;
  filter: PanelFilter;
  onClose: () => void;
}

/** What a number means and the rows it is counted from. */
export function BehindDialog({ card, figure, filter, onClose }: BehindDialogProps): ReactNode {
  const [part, setPart] = useState<Part>("numerator");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useBehind(card.code, part, filter);
  const rows = data?.pages.flatMap((page) => page.rows);
  const [above = "", below = ""] = card.formula.split(" ÷ ");
  const countedAs = part === "numerator" ? card.numerator_as : card.denominator_as;
  const showsMoney = countedAs === "amount" && card.unit !== "seconds";
  const download = useMutation({
    mutationFn: async () => {
      const parts: string[] = [];
      for await (const page of allBehind(card.code, part, filter))
        parts.push(behindFile(page, parts.length === 0, showsMoney));
      saveCsv(`${card.name} ${filter.from} a ${filter.to}`, parts);
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
        {card.denominator && (
          <SegmentedControl
            aria-label="Parte da conta"
            value={part}
            onChange={(value) => setPart(value === "denominator" ? "denominator" : "numerator")}
            data={[
              { value: "numerator", label: above },
              { value: "denominator", label: below },
            ]}
          />
        )}
        {countedAs === "clients" && (
          <p className={classes.faint}>Cada cliente conta uma vez, por mais linhas que tenha.</p>
        )}
        {error && !rows && <ErrorState error={error} onRetry={() => void refetch()} />}
        {!rows && !error && <Skeleton width="100%" height={160} />}
        {rows?.length === 0 && <EmptyState title="Nenhuma linha">Nada aconteceu neste período.</EmptyState>}
        {rows && rows.length > 0 && <Rows rows={rows} showsMoney={showsMoney} />}
        {download.error && <ErrorState error={download.error} />}
        {rows && rows.length > 0 && (
          <Button variant="default" loading={download.isPending} onClick={() => download.mutate()}>
            Baixar CSV
          </Button>
        )}
        {hasNextPage && (
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Mostrar mais
          </Button>
        )}
      </div>
    </Modal>
  );
}

const isDated = (row: BehindRow): boolean => row.source === "installments" || row.source === "payments";

function Rows({ rows, showsMoney }: { rows: BehindRow[]; showsMoney: boolean }): ReactNode {
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
            {showsMoney && (
              <th scope="col" data-right>
                Valor
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
                ) : (
                  "não identificado"
                )}
              </td>
              <td>{row.operator?.name ?? "—"}</td>
              <td>{row.creditor ?? "—"}</td>
              {showsMoney && <td data-right>{money(row.amount)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
