import type { ReactNode } from "react";
import { Link } from "wouter";
import { day, documentNumber, money, percent } from "@/lib/format";
import type { AgreementRow } from "@/lib/money-shapes";
import classes from "./agreements.module.css";
import { StatusTag } from "./status-tag";

export function AgreementsTable({ rows }: { rows: AgreementRow[] }): ReactNode {
  return (
    // A scrolling area must be reachable by keyboard (WCAG 2.1.1).
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Lista de acordos">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Cliente</th>
            <th scope="col">Credor</th>
            <th scope="col">Situação</th>
            <th scope="col" data-right>
              Total
            </th>
            <th scope="col" data-right>
              Desconto
            </th>
            <th scope="col">Parcelas</th>
            <th scope="col" data-right>
              A receber
            </th>
            <th scope="col">Próximo</th>
            <th scope="col">Autor</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td>
                <Link href={`/acordos/${row.id}`}>{row.client.name}</Link>
                <div className={classes.faint}>{documentNumber(row.client.document)}</div>
              </td>
              <td>{row.creditor.name}</td>
              <td>
                <StatusTag status={row.status} />
              </td>
              <td data-right>{money(row.total_cents)}</td>
              <td data-right>{percent(row.discount_percent)}</td>
              <td>
                {row.paid_installments}/{row.installments} pagas
                {row.overdue_installments > 0 && (
                  <div className={classes.late}>{row.overdue_installments} em atraso</div>
                )}
              </td>
              <td data-right>{money(row.open_cents)}</td>
              <td>{row.next_due_on ? day(row.next_due_on) : "—"}</td>
              <td>{row.created_by?.name ?? "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
