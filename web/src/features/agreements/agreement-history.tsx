import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { day, money } from "@/lib/format";
import { agreementStatusNames } from "@/lib/money-shapes";
import classes from "./agreements.module.css";
import type { AgreementEvent } from "./shapes";

export function AgreementHistory({ history }: { history: AgreementEvent[] }): ReactNode {
  if (history.length === 0) return <p className={classes.inside}>Nada aconteceu ainda.</p>;
  return (
    <ol className={classes.inside}>
      {history.map((event) => (
        <li key={event.id}>
          <div>{tell(event)}</div>
          <div className={classes.faint}>
            <time dateTime={event.at}>{moment(event.at)}</time> · {event.actor ?? "sistema"}
            {event.reason && ` · ${reasonText(event.reason)}`}
          </div>
        </li>
      ))}
    </ol>
  );
}

const reasonNames: Record<string, string> = {
  clock: "o prazo passou",
  price_changed: "o preço mudou",
  above_limits: "acima da alçada de quem propôs",
  within_limits: "dentro da alçada",
  approved: "aprovado",
  renegotiated: "renegociado",
  compensating: "espera a compensação bancária",
  reconciling: "espera a conciliação com o provedor",
  reconciliation_late: "a conciliação com o provedor está atrasada",
  payment: "pagamento",
  manual: "baixa manual",
};

/** A person's words stay; the database's own codes become words. */
function reasonText(reason: string): string {
  return reasonNames[reason] ?? reason;
}

function tell({ kind, from_status: from, to_status: to, details }: AgreementEvent): string {
  const extra = detailText(details);
  if (to && from && to !== from) return `De “${agreementStatusNames[from]}” para “${agreementStatusNames[to]}”${extra}`;
  if (to && !from) return `Começou como “${agreementStatusNames[to]}”`;
  return `${eventNames[kind] ?? "Registro do sistema"}${extra}`;
}

/** The cents and days the database wrote beside the event. */
function detailText(details: AgreementEvent["details"]): string {
  const told: string[] = [];
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
