import { Fragment, type ReactNode } from "react";
import { day, money } from "@/lib/format";
import { methodNames, type ScheduledPart } from "@/lib/money-shapes";
import classes from "./agreements.module.css";

interface ScheduleProps<Part extends ScheduledPart> {
  parts: Part[];
  /** What became of a part: paid, charged, what may be done. */
  courseOf?: (part: Part) => ReactNode;
  /** What is unfolded below a part. */
  belowOf?: (part: Part) => ReactNode;
}

export function Schedule<Part extends ScheduledPart>({ parts, courseOf, belowOf }: ScheduleProps<Part>): ReactNode {
  return (
    <table className={classes.table} aria-label="Parcelas">
      <thead>
        <tr>
          <th scope="col">Parcela</th>
          <th scope="col">Vencimento</th>
          <th scope="col">Meio</th>
          <th scope="col" data-right>
            Valor
          </th>
          {courseOf && <th scope="col">Andamento</th>}
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => {
          const below = belowOf?.(part);
          return (
            <Fragment key={part.number}>
              <tr>
                <th scope="row">{part.kind === "down_payment" ? "Entrada" : part.number}</th>
                <td>
                  {day(part.due_on)}
                  {part.effective_due_on !== part.due_on && (
                    <div className={classes.faint}>paga até {day(part.effective_due_on)}</div>
                  )}
                </td>
                <td>{methodNames[part.method]}</td>
                <td data-right>{money(part.amount_cents)}</td>
                {courseOf && <td>{courseOf(part)}</td>}
              </tr>
              {below && (
                <tr>
                  <td colSpan={5}>{below}</td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}
