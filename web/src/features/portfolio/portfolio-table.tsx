import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ClientRow } from "./client-row";
import type { Sort, SortColumn } from "./filter";
import { NextPage } from "./next-page";
import denseClasses from "./portfolio-dense.module.css";
import classes from "./portfolio-table.module.css";
import { moveBetweenRows } from "./row-keys";
import { type Chosen, everybody, isChosen, nobody, toggled } from "./selection";
import type { PortfolioRow } from "./shapes";
import { SkeletonRows } from "./skeleton-rows";

interface PortfolioTableProps {
  rows: PortfolioRow[] | undefined;
  /** Rows of the filter before, while the new ones are on their way. */
  stale: boolean;
  dense: boolean;
  hasMore: boolean;
  loadingMore: boolean;
  onMore: () => void;
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** null: this person chooses nobody, for no bulk action is theirs. */
  chosen: Chosen | null;
  onChoose: (chosen: Chosen) => void;
}

export function PortfolioTable(props: PortfolioTableProps): ReactNode {
  const { rows, stale, dense, hasMore, loadingMore, onMore, sort, onSort, chosen, onChoose } = props;
  const header = { sort, onSort };
  return (
    <>
      {/* Arrows move between the links inside; each stays a plain link. */}
      <table
        className={`${classes.table} ${dense ? denseClasses.dense : ""}`}
        data-stale={stale || undefined}
        aria-busy={!rows}
        onKeyDown={moveBetweenRows}
      >
        <thead>
          <tr>
            <Heading column="name" {...header} before={chosen && <ChooseAll chosen={chosen} onChoose={onChoose} />}>
              Cliente
            </Heading>
            <Heading column="document" {...header}>
              CPF/CNPJ
            </Heading>
            <Heading column="creditor" {...header} className={classes.wide}>
              Credor
            </Heading>
            <Heading column="phone" {...header} className={`${classes.wide} ${classes.roomy}`}>
              Telefone
            </Heading>
            <Heading column="open_debts" {...header} className={classes.right} downFirst>
              Títulos
            </Heading>
            <Heading column="open_cents" {...header} className={classes.right} downFirst>
              Em aberto
            </Heading>
            <Heading column="oldest_due_on" {...header}>
              Mais antigo
            </Heading>
            <Heading column="last_contact_at" {...header} className={`${classes.wide} ${classes.roomy}`} downFirst>
              Última tabulação
            </Heading>
            <th scope="col">
              <span className="hidden-visually">Ações</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows ? (
            rows.map((row) => (
              <ClientRow
                key={row.id}
                row={row}
                chosen={chosen && isChosen(chosen, row.id)}
                onChoose={() => chosen && onChoose(toggled(chosen, row.id))}
              />
            ))
          ) : (
            <SkeletonRows />
          )}
        </tbody>
      </table>
      {hasMore && <NextPage loading={loadingMore} onMore={onMore} />}
    </>
  );
}

interface HeadingProps {
  column: SortColumn;
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** The first click shows the largest. */
  downFirst?: boolean;
  className?: string | undefined;
  before?: ReactNode;
  children: ReactNode;
}

function Heading({ column, sort, onSort, downFirst, className, before, children }: HeadingProps): ReactNode {
  const up = sort === column;
  const down = sort === `-${column}`;
  const next: Sort = up || (downFirst && !down) ? `-${column}` : column;
  const direction = up ? "ascending" : "descending";
  return (
    <th scope="col" className={className} aria-sort={up || down ? direction : undefined}>
      {before}
      <button type="button" className={classes.sort} onClick={() => onSort(next)}>
        {children} {up && <IconArrowUp size={12} aria-hidden />}
        {down && <IconArrowDown size={12} aria-hidden />}
      </button>
    </th>
  );
}

/** Everybody who matches, those not yet on the screen included. */
function ChooseAll({ chosen, onChoose }: { chosen: Chosen; onChoose: (chosen: Chosen) => void }): ReactNode {
  return (
    <input
      type="checkbox"
      className={classes.select}
      aria-label="Escolher todos os que correspondem"
      title="Todos os que correspondem ao filtro"
      checked={chosen.all && chosen.ids.size === 0}
      ref={(box) => {
        if (box) box.indeterminate = chosen.ids.size > 0;
      }}
      onChange={() => onChoose(chosen.all ? nobody : everybody)}
    />
  );
}
