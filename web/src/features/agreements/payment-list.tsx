import type { ReactNode } from "react";
import { day, money } from "@/lib/format";
import { methodNames } from "@/lib/money-shapes";
import { Tag } from "@/ui/tag";
import classes from "./agreements.module.css";
import type { Installment, Payment } from "./queries";

export function PaymentList({ payments, schedule }: { payments: Payment[]; schedule: Installment[] }): ReactNode {
  const numbers = new Map(schedule.map(({ id, number }) => [id, number]));
  if (payments.length === 0) return <p className={classes.inside}>Nenhum pagamento ainda.</p>;
  return (
    <ul className={classes.inside}>
      {payments.map((payment) => (
        <li key={payment.id}>
          <strong className="num">{money(payment.amount_cents)}</strong> em {day(payment.paid_on)}
          {payment.method && `, ${methodNames[payment.method]}`}
          {payment.reversed && (
            <>
              {" "}
              <Tag tone="bad">
                estornado em {day(payment.reversed.on)}: {payment.reversed.reason}
              </Tag>
            </>
          )}
          {payment.allocations.map(
            ({ installment_id: id, total_cents, before_cents, after_cents }) =>
              id && (
                <div key={id} className={classes.faint}>
                  parcela {numbers.get(id) ?? "—"}: {money(total_cents)} (saldo {money(before_cents)} →{" "}
                  {money(after_cents)})
                </div>
              ),
          )}
        </li>
      ))}
    </ul>
  );
}
