import { IconCoin, IconCoinOff, IconFileDollar } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { agreementEventNames, agreementReason } from "@/lib/agreement-words";
import { day, money } from "@/lib/format";
import { agreementStatusNames, methodNames } from "@/lib/money-shapes";
import type { AgreementItem, MoneyItem, PaymentItem } from "@/lib/timeline";
import { Entry, iconProps } from "@/ui/timeline/entry";
import classes from "@/ui/timeline/timeline.module.css";

export function MoneyEntry({ item }: { item: MoneyItem }): ReactNode {
  if (item.kind === "agreement") return <AgreementEntry item={item} />;
  if (item.kind === "payment") return <PaymentEntry item={item} />;
  return (
    <Entry
      icon={<IconCoinOff {...iconProps} />}
      color="red"
      title={`Pagamento de ${money(item.amount_cents)} estornado`}
      at={item.at}
    >
      <p>
        Era de {day(item.paid_on)} · {item.reason}
      </p>
      {item.actor && <p className={classes.actor}>{item.actor}</p>}
    </Entry>
  );
}

function AgreementEntry({ item }: { item: AgreementItem }): ReactNode {
  const { event, from_status, to_status, reason } = item;
  const moved = to_status && to_status !== from_status;
  return (
    <Entry
      icon={<IconFileDollar {...iconProps} />}
      color={to_status === "broken" || to_status === "lapsed" ? "red" : "teal"}
      title={
        <>
          <Link href={`/acordos/${item.agreement_id}`}>Acordo de {money(item.total_cents)}</Link>:{" "}
          {moved
            ? agreementStatusNames[to_status]
            : (agreementEventNames[event] ?? "registro do sistema").toLowerCase()}
        </>
      }
      at={item.at}
    >
      <p>
        {item.creditor}
        {reason && ` · ${agreementReason(reason)}`}
      </p>
      <p className={classes.actor}>{item.actor ?? "sistema"}</p>
    </Entry>
  );
}

function PaymentEntry({ item }: { item: PaymentItem }): ReactNode {
  const how = item.is_manual ? "baixa manual" : item.method && methodNames[item.method];
  return (
    <Entry
      icon={<IconCoin {...iconProps} />}
      color="green"
      title={<strong>Pagamento de {money(item.amount_cents)}</strong>}
      at={item.at}
    >
      <p>
        {[how, `em ${day(item.paid_on)}`].filter(Boolean).join(", ")}
        {item.agreement_id && (
          <>
            {" · "}
            <Link href={`/acordos/${item.agreement_id}`}>ver o acordo</Link>
          </>
        )}
      </p>
      {item.actor && <p className={classes.actor}>{item.actor}</p>}
    </Entry>
  );
}
