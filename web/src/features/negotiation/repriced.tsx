import type { ReactNode } from "react";
import { day, money } from "@/lib/format";
import { componentNames, components } from "@/lib/money-shapes";
import classes from "./negotiation.module.css";
import type { Simulation } from "./queries";

/** Nothing was written: what changed between the price that was read out and the one that counts now. */
export function Repriced({ before, after }: { before: Simulation; after: Simulation }): ReactNode {
  const moved = components.filter(
    (name) => before.totals.before[`${name}_cents`] !== after.totals.before[`${name}_cents`],
  );
  return (
    <div role="alert" className={classes.refusal}>
      <p>
        O valor mudou desde a simulação: era {money(before.total_cents)}, agora é {money(after.total_cents)}, válido até{" "}
        {day(after.valid_until)}. Nada foi gravado: confira com o cliente e proponha de novo.
      </p>
      {moved.length > 0 && (
        <ul>
          {moved.map((name) => (
            <li key={name}>
              {componentNames[name]}: {money(before.totals.before[`${name}_cents`])} →{" "}
              {money(after.totals.before[`${name}_cents`])}
            </li>
          ))}
        </ul>
      )}
      {moved.length === 0 && <p>A proposta passou da validade e foi calculada de novo.</p>}
    </div>
  );
}
