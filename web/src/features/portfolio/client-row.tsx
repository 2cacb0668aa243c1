import { IconHeadset } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { day, documentNumber, money, phone } from "@/lib/format";
import classes from "./portfolio-table.module.css";
import type { PortfolioRow } from "./shapes";

interface ClientRowProps {
  row: PortfolioRow;
  /** null: no box. */
  chosen: boolean | null;
  onChoose: () => void;
}

export function ClientRow({ row, chosen, onChoose }: ClientRowProps): ReactNode {
  const late = row.days_late ?? 0;
  return (
    <tr data-chosen={chosen || undefined}>
      <td className={classes.name}>
        {chosen !== null && (
          <input
            type="checkbox"
            className={classes.select}
            aria-label={`Escolher ${row.name}`}
            data-select
            checked={chosen}
            onChange={onChoose}
          />
        )}
        <Link href={`/carteira/${row.document}`} data-row-link>
          {row.name}
        </Link>
        {row.external_id && <span className={classes.faint}>{row.external_id}</span>}
        {row.tags.map((tag) => (
          <span key={tag.id} className={classes.chip} style={{ color: `var(--ink-${tag.color}, inherit)` }}>
            {tag.name}
          </span>
        ))}
        {row.assigned_to && <span className={classes.faint}>{row.assigned_to.name}</span>}
      </td>
      <td>{documentNumber(row.document)}</td>
      <td className={classes.wide}>
        {row.creditors[0]}
        {row.creditors.length > 1 && <span className={classes.faint}> +{row.creditors.length - 1}</span>}
      </td>
      <td className={`${classes.wide} ${classes.roomy}`}>
        {row.phone ? phone(row.phone) : <span className={classes.faint}>sem telefone</span>}
      </td>
      <td className={classes.right}>{row.open_debts}</td>
      <td className={`${classes.right} ${classes.value}`}>{money(row.open_cents)}</td>
      <td>
        {row.oldest_due_on && day(row.oldest_due_on)}
        {late > 0 && <span className={classes.faint}> {late} d</span>}
      </td>
      <td className={`${classes.wide} ${classes.roomy}`}>
        {row.last_disposition && (
          <>
            {row.last_disposition.label} <span className={classes.faint}>{moment(row.last_disposition.at)}</span>
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
