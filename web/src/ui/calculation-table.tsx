import type { ReactNode } from "react";
import { money } from "@/lib/format";
import { componentNames, components, type OfferTotals } from "@/lib/money-shapes";
import classes from "@/ui/calculation-table.module.css";

/** Before, discount and after by component, as the database summed them. */
export function CalculationTable({ totals }: { totals: OfferTotals }): ReactNode {
  const shown = components.filter((name) => totals.before[`${name}_cents`] !== 0);
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">Componente</th>
          <th scope="col">Devido</th>
          <th scope="col">Desconto</th>
          <th scope="col">Com desconto</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((name) => (
          <tr key={name}>
            <th scope="row">{componentNames[name]}</th>
            <td>{money(totals.before[`${name}_cents`])}</td>
            <td>{discountText(totals.discount[`${name}_cents`])}</td>
            <td>{money(totals.after[`${name}_cents`])}</td>
          </tr>
        ))}
        <tr className={classes.total}>
          <th scope="row">Total</th>
          <td>{money(totals.before.total_cents)}</td>
          <td>{discountText(totals.discount.total_cents)}</td>
          <td>{money(totals.after.total_cents)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function discountText(cents: number): string {
  return cents === 0 ? "—" : `− ${money(cents)}`;
}
