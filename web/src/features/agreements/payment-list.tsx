import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { day, money } from "@/lib/format";
import { methodNames } from "@/lib/money-shapes";
import { useHasRole } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import { Tag } from "@/ui/tag";
import classes from "./agreements.module.css";
import { reversePayment } from "./queries";
import type { Installment, Payment } from "./shapes";
import { partName } from "./words";

interface PaymentListProps {
  payments: Payment[];
  schedule: Installment[];
  agreementId: string;
}

export function PaymentList({ payments, schedule, agreementId }: PaymentListProps): ReactNode {
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const [reversing, setReversing] = useState<Payment | null>(null);
  const names = new Map(schedule.map((part) => [part.id, partName(part)]));
  if (payments.length === 0) return <p className={classes.inside}>Nenhum pagamento ainda.</p>;
  return (
    <ul className={classes.inside}>
      {reversing && (
        <AskDialog
          title="Estornar o pagamento"
          action="Estornar"
          danger
          run={({ reason }) => reversePayment(reversing.id, reason)}
          onDone={() => queryClient.invalidateQueries({ queryKey: ["agreement", agreementId] })}
          onClose={() => setReversing(null)}
        >
          <p>
            {money(reversing.amount_cents)} de {day(reversing.paid_on)} deixa de valer. Tudo o que veio depois é
            recontado, e o acordo pode voltar a ficar em atraso.
          </p>
        </AskDialog>
      )}
      {payments.map((payment) => (
        <li key={payment.id}>
          <strong className="num">{money(payment.amount_cents)}</strong> em {day(payment.paid_on)}
          {`, ${payment.method ? methodNames[payment.method] : "baixa manual"}`}
          {payment.reversed && (
            <>
              {" "}
              <Tag tone="bad">
                estornado em {day(payment.reversed.on)}: {payment.reversed.reason}
              </Tag>
            </>
          )}
          {isSupervisor && !payment.reversed && (
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => setReversing(payment)}>
              Estornar
            </Button>
          )}
          {payment.allocations.map(
            ({ installment_id: id, total_cents, before_cents, after_cents }) =>
              id && (
                <div key={id} className={classes.faint}>
                  {names.get(id) ?? "parcela"}: {money(total_cents)} (saldo {money(before_cents)} → {money(after_cents)}
                  )
                </div>
              ),
          )}
        </li>
      ))}
    </ul>
  );
}
