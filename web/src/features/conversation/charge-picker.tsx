import { Button, CloseButton } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { day, money } from "@/lib/format";
import { type ChargeMethod, methodNames } from "@/lib/money-shapes";
import { AddressForm } from "@/ui/address-form";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./composer.module.css";
import { saveAddress, useChatCharges } from "./queries";
import type { ChatCharge, ChatInstallment } from "./shapes";
import { useIssue } from "./use-issue";
import type { Outbox } from "./use-pending";

interface ChargePickerProps {
  clientId: string;
  outbox: Outbox;
  onClose: () => void;
}

/** What this client can pay: what is issued goes out with one click, the rest is issued first. */
export function ChargePicker({ clientId, outbox, onClose }: ChargePickerProps): ReactNode {
  const { data, error, refetch } = useChatCharges(clientId);
  return (
    <section className={classes.picker} aria-label="Pix e boletos">
      <header>
        <h3>Enviar Pix ou boleto</h3>
        <CloseButton aria-label="Fechar as cobranças" onClick={onClose} />
      </header>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton width="100%" height={60} />}
      {data?.charges.length === 0 && data.installments.length === 0 && (
        <p className={classes.hint}>Nenhuma parcela em aberto. Primeiro faça um acordo (Alt+S no atendimento).</p>
      )}
      <ul className={classes.charges}>
        {data?.charges.map((charge) => (
          <IssuedCharge key={charge.id} charge={charge} outbox={outbox} onClose={onClose} />
        ))}
        {data?.installments.map((installment) => (
          <OpenInstallment key={installment.id} clientId={clientId} installment={installment} outbox={outbox} />
        ))}
      </ul>
    </section>
  );
}

interface IssuedChargeProps {
  charge: ChatCharge;
  outbox: Outbox;
  onClose: () => void;
}

function IssuedCharge({ charge, outbox, onClose }: IssuedChargeProps): ReactNode {
  const [clickId] = useState(() => crypto.randomUUID());
  const isReady = charge.status === "open";
  return (
    <li>
      <span>
        <strong className="num">{money(charge.amount_cents)}</strong> vence {day(charge.due_on)}
      </span>
      {!isReady && <Tag tone="busy">sendo emitida</Tag>}
      <Button
        size="compact-sm"
        disabled={!isReady}
        onClick={() => {
          outbox.send({ id: clickId, body: "", chargeId: charge.id });
          onClose();
        }}
      >
        Enviar {methodNames[charge.method]}
      </Button>
    </li>
  );
}

interface OpenInstallmentProps {
  clientId: string;
  installment: ChatInstallment;
  outbox: Outbox;
}

/** By either way to pay; the installment's own method decides nothing here. */
const methods: ChargeMethod[] = ["pix", "boleto"];

function OpenInstallment({ clientId, installment, outbox }: OpenInstallmentProps): ReactNode {
  const { issue, wanted, isIssuing, problem, lacksAddress } = useIssue(clientId, (chargeId, messageId) =>
    outbox.send({ id: messageId, body: "", chargeId }),
  );
  return (
    <li>
      <span>
        <strong className="num">{money(installment.amount_cents)}</strong> parcela {installment.number}, vence{" "}
        {day(installment.due_on)}
      </span>
      <span className={classes.methods}>
        {methods.map((method) => (
          <Button
            key={method}
            size="compact-sm"
            variant="default"
            disabled={isIssuing}
            loading={isIssuing && wanted?.method === method}
            onClick={() => issue({ installmentId: installment.id, method })}
          >
            Gerar e enviar {methodNames[method]}
          </Button>
        ))}
      </span>
      {problem && (
        <span role="alert" className={classes.hint}>
          {problem}
        </span>
      )}
      {lacksAddress && wanted && (
        <AddressForm
          action="Guardar e enviar"
          save={(address) => saveAddress(clientId, address)}
          onDone={() => issue(wanted)}
        />
      )}
    </li>
  );
}
