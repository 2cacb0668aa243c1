import type { ReactNode } from "react";
import { day, money, percent, plural } from "@/lib/format";
import classes from "./negotiation.module.css";
import type { Simulation } from "./queries";

interface ComparisonProps {
  simulations: (Simulation | undefined)[];
  chosen: number;
  onChoose: (index: number) => void;
}

/** Up to three proposals side by side. */
export function Comparison({ simulations, chosen, onChoose }: ComparisonProps): ReactNode {
  const columns = simulations.map((simulation, index) => ({ simulation, name: `Proposta ${index + 1}`, index }));
  const rows: [string, (simulation: Simulation) => string][] = [
    ["Total", (each) => money(each.total_cents)],
    ["Desconto", (each) => `${money(each.discount_cents)} (${percent(each.discount_percent)})`],
    ["Pagamentos", (each) => plural(each.schedule.length, "pagamento", "pagamentos")],
    ["Primeiro", (each) => partText(each, 0)],
    ["Último", (each) => partText(each, -1)],
    ["Alçada", (each) => (each.is_allowed ? "sua" : each.approval_role ? "com aprovação" : "ninguém")],
  ];
  return (
    <table className={classes.comparison} aria-label="Comparação das propostas">
      <thead>
        <tr>
          <td />
          {columns.map(({ name, index }) => (
            <th key={name} scope="col">
              <button type="button" aria-pressed={index === chosen} onClick={() => onChoose(index)}>
                {name}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([label, tell]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            {columns.map(({ name, simulation }) => (
              <td key={name}>{simulation ? tell(simulation) : "…"}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function partText({ schedule }: Simulation, at: number): string {
  const part = schedule.at(at);
  return part ? `${money(part.amount_cents)} em ${day(part.due_on)}` : "—";
}
