import { Button } from "@mantine/core";
import { IconHeadset } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import { localDate, moment, now } from "@/lib/clock";
import { type DispositionName, useDispositionNames } from "@/lib/disposition-types";
import { day, daysBetween, documentNumber, money, phone } from "@/lib/format";
import { Skeleton } from "@/ui/states";
import classes from "./portfolio-table.module.css";
import type { PortfolioRow } from "./queries";
import { moveBetweenRows } from "./row-keys";

interface PortfolioTableProps {
  rows: PortfolioRow[] | undefined;
  /** Rows of the filter before, while the new ones are on their way. */
  stale: boolean;
  hasMore: boolean;
  loadingMore: boolean;
  onMore: () => void;
}

export function PortfolioTable({ rows, stale, hasMore, loadingMore, onMore }: PortfolioTableProps): ReactNode {
  const { data: names } = useDispositionNames();
  return (
    <>
      {/* Arrows move between the links inside; each stays a plain link. */}
      <table className={classes.table} data-stale={stale || undefined} aria-busy={!rows} onKeyDown={moveBetweenRows}>
        <thead>
          <tr>
            <th scope="col">Cliente</th>
            <th scope="col">CPF/CNPJ</th>
            <th scope="col" className={classes.wide}>
              Credor
            </th>
            <th scope="col" className={classes.wide}>
              Telefone
            </th>
            <th scope="col" className={classes.right}>
              Títulos
            </th>
            <th scope="col" className={classes.right}>
              Em aberto
            </th>
            <th scope="col">Mais antigo</th>
            <th scope="col" className={classes.wide}>
              Última tabulação
            </th>
            <th scope="col">
              <span className="hidden-visually">Ações</span>
            </th>
          </tr>
        </thead>
        <tbody>{rows ? rows.map((row) => <Row key={row.id} row={row} names={names} />) : <SkeletonRows />}</tbody>
      </table>
      {hasMore && <NextPage loading={loadingMore} onMore={onMore} />}
    </>
  );
}

function Row({ row, names }: { row: PortfolioRow; names: Map<string, DispositionName> | undefined }): ReactNode {
  const late = row.oldest_due_on ? daysBetween(row.oldest_due_on, localDate(now())) : 0;
  return (
    <tr>
      <td className={classes.name}>
        <Link href={`/carteira/${row.document}`} data-row-link>
          {row.name}
        </Link>
        {row.external_id && <span className={classes.faint}>{row.external_id}</span>}
      </td>
      <td>{documentNumber(row.document)}</td>
      <td className={classes.wide}>
        {row.creditors[0]}
        {row.creditors.length > 1 && <span className={classes.faint}> +{row.creditors.length - 1}</span>}
      </td>
      <td className={classes.wide}>
        {row.phone ? phone(row.phone) : <span className={classes.faint}>sem telefone</span>}
      </td>
      <td className={classes.right}>{row.open_debts}</td>
      <td className={`${classes.right} ${classes.value}`}>{money(row.open_cents)}</td>
      <td>
        {row.oldest_due_on && day(row.oldest_due_on)}
        {late > 0 && <span className={classes.faint}> {late} d</span>}
      </td>
      <td className={classes.wide}>
        {row.last_disposition && (
          <>
            {names?.get(row.last_disposition.type)?.label}{" "}
            <span className={classes.faint}>{moment(row.last_disposition.at)}</span>
          </>
        )}
      </td>
      <td className={classes.right}>
        <Link
          href={`/atendimento/${row.id}`}
          className={classes.serve}
          data-serve-link
          aria-label={`Atender ${row.name}`}
        >
          <IconHeadset size={15} aria-hidden /> Atender
        </Link>
      </td>
    </tr>
  );
}

function NextPage({ loading, onMore }: { loading: boolean; onMore: () => void }): ReactNode {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element || loading) return;
    // One screen ahead of the eye.
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), { rootMargin: "800px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, [loading, onMore]);
  return (
    <div ref={ref} className={classes.next}>
      <Button variant="subtle" size="compact-sm" loading={loading} onClick={onMore}>
        Mostrar mais
      </Button>
    </div>
  );
}

/** As many as a 1366×768 screen shows. */
const skeletonRows = Array.from({ length: 17 }, (_, index) => index);

function SkeletonRows(): ReactNode {
  return skeletonRows.map((row) => (
    <tr key={row} aria-hidden>
      <td>
        <Skeleton width={120 + ((row * 37) % 90)} />
      </td>
      <td>
        <Skeleton width={96} />
      </td>
      <td className={classes.wide}>
        <Skeleton width={110} />
      </td>
      <td className={classes.wide}>
        <Skeleton width={100} />
      </td>
      <td colSpan={5}>
        <Skeleton width="100%" />
      </td>
    </tr>
  ));
}
