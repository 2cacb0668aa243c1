import type { ReactNode } from "react";
import { agreementEventNames, agreementReason } from "@/lib/agreement-words";
import { moment } from "@/lib/clock";
import { day, money } from "@/lib/format";
import { agreementStatusNames, type ChargeMethod, methodNames } from "@/lib/money-shapes";
import classes from "./agreements.module.css";
import type { AgreementEvent, Installment } from "./shapes";
import { partName } from "./words";

interface AgreementHistoryProps {
  history: AgreementEvent[];
  schedule: Installment[];
}

export function AgreementHistory({ history, schedule }: AgreementHistoryProps): ReactNode {
  const names = new Map(schedule.map((part) => [part.id, partName(part)]));
  if (history.length === 0) return <p className={classes.inside}>Nada aconteceu ainda.</p>;
  return (
    <ol className={classes.inside}>
      {history.map((event) => (
        <li key={event.id}>
          <div>{tell(event, names)}</div>
          <div className={classes.faint}>
            <time dateTime={event.at}>{moment(event.at)}</time> · {event.actor ?? "sistema"}
            {event.reason && ` · ${agreementReason(event.reason)}`}
          </div>
        </li>
      ))}
    </ol>
  );
}

function tell({ kind, from_status: from, to_status: to, details }: AgreementEvent, names: Map<string, string>): string {
  const extra = detailText(details, names);
  if (to && from && to !== from) return `De “${agreementStatusNames[from]}” para “${agreementStatusNames[to]}”${extra}`;
  if (to && !from) return `Começou como “${agreementStatusNames[to]}”`;
  return `${agreementEventNames[kind] ?? "Registro do sistema"}${extra}`;
}

/** The cents and days the database wrote beside the event. */
function detailText(details: AgreementEvent["details"], names: Map<string, string>): string {
  const told: string[] = [];
  const part = names.get(String(details?.installment_id));
  if (part) told.push(part);
  const method = details?.method;
  if (typeof method === "string" && method in methodNames) told.push(methodNames[method as ChargeMethod]);
  const cents = (key: string, words: string): void => {
    const value = details?.[key];
    if (typeof value === "number") told.push(`${words} ${money(value)}`);
  };
  cents("restored_cents", "os títulos voltam por");
  cents("forfeited_discount_cents", "desconto perdido de");
  cents("forgiven_cents", "perdoados");
  cents("amount_cents", "");
  const { from, to } = details ?? {};
  if (typeof from === "string" && typeof to === "string" && /^\d{4}-/.test(to))
    told.push(`de ${day(from)} para ${day(to)}`);
  return told.length > 0 ? `: ${told.map((each) => each.trim()).join(", ")}` : "";
}
