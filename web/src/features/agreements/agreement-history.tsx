import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { agreementStatusNames } from "@/lib/money-shapes";
import classes from "./agreements.module.css";
import type { AgreementEvent } from "./queries";

export function AgreementHistory({ history }: { history: AgreementEvent[] }): ReactNode {
  if (history.length === 0) return <p className={classes.inside}>Nada aconteceu ainda.</p>;
  return (
    <ol className={classes.inside}>
      {history.map((event) => (
        <li key={event.id}>
          <div>{tell(event)}</div>
          <div className={classes.faint}>
            <time dateTime={event.at}>{moment(event.at)}</time> · {event.actor ?? "sistema"}
            {event.reason && ` · ${event.reason}`}
          </div>
        </li>
      ))}
    </ol>
  );
}

function tell({ kind, from_status: from, to_status: to }: AgreementEvent): string {
  if (to && from && to !== from) return `De “${agreementStatusNames[from]}” para “${agreementStatusNames[to]}”`;
  if (to && !from) return `Começou como “${agreementStatusNames[to]}”`;
  return eventNames[kind] ?? "Registro do sistema";
}

const eventNames: Record<string, string> = {
  charge_requested: "Cobrança pedida",
  renegotiated: "Renegociado",
  charge_cancelled_by_provider: "O provedor cancelou uma cobrança",
  payment_case_resolved: "Caso de pagamento resolvido",
  policy_applied: "Prazos da política mudados",
  break_waits: "A quebra espera a conciliação",
  charge_failed: "Uma cobrança falhou",
  installment_cancelled: "Parcela cancelada",
  installment_not_cancelled: "A parcela não pôde ser cancelada",
  installment_rescheduled: "Vencimento mudado",
  payment_received: "Pagamento recebido",
  payment_reversed: "Pagamento estornado",
  settlement_requested: "Baixa manual pedida",
  settlement_decided: "Baixa manual decidida",
};
