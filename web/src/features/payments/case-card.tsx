import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { day, documentNumber, money } from "@/lib/format";
import { methodNames } from "@/lib/money-shapes";
import { Tag } from "@/ui/tag";
import { CaseDialog } from "./case-dialog";
import classes from "./payments.module.css";
import type { PaymentCase, Resolution } from "./queries";
import { Watched } from "./watched";
import { choiceOf, kinds } from "./words";

/** One payment in question, with the buttons the database allows for its kind. */
export function CaseCard({ case: known, mayDecide }: { case: PaymentCase; mayDecide: boolean }): ReactNode {
  const { kind, client, payment, details } = known;
  const [choosing, setChoosing] = useState<Resolution | null>(null);
  const queryClient = useQueryClient();
  return (
    <li className={classes.card}>
      {client && <Watched clientId={client.id} />}
      <div className={classes.facts}>
        <p className={classes.head}>
          <strong>{kinds[kind].title}</strong>
          <strong className="num">{money(known.amount_cents)}</strong>
          {known.due_on && <Tag tone="warn">decidir até {day(known.due_on)}</Tag>}
        </p>
        <p>
          {client ? <Link href={`/atendimento/${client.id}`}>{client.name}</Link> : <span>Cliente desconhecido</span>}
          {client && <span className={classes.faint}> · {documentNumber(client.document)}</span>}
          {known.agreement_id && (
            <>
              {" · "}
              <Link href={`/acordos/${known.agreement_id}`}>ver o acordo</Link>
            </>
          )}
        </p>
        <p className={classes.faint}>
          {payment &&
            `${money(payment.amount_cents)} pagos em ${day(payment.paid_on)}${payment.method ? ` por ${methodNames[payment.method]}` : ""} · `}
          na fila desde {moment(known.opened_at)}
        </p>
        {kind === "contradiction" && (
          <p className={classes.faint}>
            O provedor disse: {details.status_text || `código ${details.status_code ?? "?"}`},{" "}
            {details.paid_on ? `pago em ${day(details.paid_on)}` : "sem dia de pagamento"},{" "}
            {details.paid_cents ? money(details.paid_cents) : "sem valor"}.
          </p>
        )}
        <p className={classes.faint}>{kinds[kind].explain}</p>
      </div>
      {mayDecide && (
        <div className={classes.actions}>
          {known.resolutions.map((resolution) => (
            <Button
              key={resolution}
              size="compact-sm"
              variant={resolution === known.resolutions[0] ? "filled" : "default"}
              onClick={() => setChoosing(resolution)}
            >
              {choiceOf(kind, resolution).label}
            </Button>
          ))}
        </div>
      )}
      {choosing && (
        <CaseDialog
          case={known}
          resolution={choosing}
          onDone={() => queryClient.invalidateQueries({ queryKey: ["payment-queue"] })}
          onClose={() => setChoosing(null)}
        />
      )}
    </li>
  );
}
