import type { ReactNode } from "react";
import { Link } from "wouter";
import { day, money, plural } from "@/lib/format";
import { type AgreementRow, agreementStatusNames, methodNames } from "@/lib/money-shapes";
import { Panel } from "@/ui/panel";
import { Tag } from "@/ui/tag";
import classes from "./client-page.module.css";
import type { ClientProfile, Payment } from "./queries";

/** As many as the profile tells; there may be more. */
const newest = { agreements: 20, payments: 100 };

/** What was promised and what came in. */
export function ClientMoney({ agreements, payments }: Pick<ClientProfile, "agreements" | "payments">): ReactNode {
  return (
    <>
      <Panel
        title="Acordos"
        aside={agreements.length > 0 && howMany(agreements.length, newest.agreements, "acordo", "acordos")}
      >
        {agreements.length === 0 ? (
          <p className={`${classes.inset} ${classes.faint}`}>Nenhum acordo ainda.</p>
        ) : (
          <ul className={classes.lines}>
            {agreements.map((agreement) => (
              <AgreementLine key={agreement.id} agreement={agreement} />
            ))}
          </ul>
        )}
      </Panel>
      {payments.length > 0 && (
        <Panel title="Pagamentos" aside={howMany(payments.length, newest.payments, "pagamento", "pagamentos")}>
          <ul className={classes.lines}>
            {payments.map((payment) => (
              <PaymentLine key={payment.id} payment={payment} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function howMany(listed: number, most: number, one: string, many: string): string {
  return listed < most ? plural(listed, one, many) : `${plural(listed, one, many)} mais recentes`;
}

function AgreementLine({ agreement }: { agreement: AgreementRow }): ReactNode {
  const { id, creditor, status, total_cents, paid_cents, paid_installments, installments, next_due_on } = agreement;
  return (
    <li>
      <Link href={`/acordos/${id}`}>{creditor.name}</Link>
      <Tag>{agreementStatusNames[status]}</Tag>
      <strong className={`num ${classes.amount}`}>{money(total_cents)}</strong>
      <span className={classes.faint}>
        {paid_installments} de {plural(installments, "parcela paga", "parcelas pagas")}
        {paid_cents > 0 && `, ${money(paid_cents)} recebidos`}
        {next_due_on && ` · próxima vence em ${day(next_due_on)}`}
      </span>
    </li>
  );
}

function PaymentLine({ payment }: { payment: Payment }): ReactNode {
  const how = payment.provider === null ? "baixa manual" : payment.method ? methodNames[payment.method] : "";
  return (
    <li>
      <span className="num">{day(payment.paid_on)}</span>
      <span className={classes.faint}>{how}</span>
      {payment.is_reversed && <Tag tone="bad">estornado</Tag>}
      <strong className={`num ${classes.amount}`}>{money(payment.amount_cents)}</strong>
    </li>
  );
}
