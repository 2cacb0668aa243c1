import { Button, CopyButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { AppError, sentenceFor } from "@/lib/errors";
import { day, money } from "@/lib/format";
import { methodNames } from "@/lib/money-shapes";
import { Tag } from "@/ui/tag";
import classes from "./charge-card.module.css";
import { refreshCharge, retryCharge, sendCharge, useQrCode } from "./queries";
import type { Charge } from "./shapes";
import { chargeErrors, chargeStates } from "./words";

/** How the debtor can pay this installment: code with its picture, line, link, document; and what may be done with it. */
export function ChargeCard({ charge, agreementId }: { charge: Charge; agreementId: string }): ReactNode {
  const queryClient = useQueryClient();
  const state = chargeStates[charge.status];
  const [messageId, setMessageId] = useState(() => crypto.randomUUID());
  const act = useMutation({
    mutationFn: async (action: "send" | "refresh" | "retry") => {
      if (action === "send") await sendCharge(charge.id, messageId);
      else if (action === "retry") await retryCharge(charge.id);
      else await refreshCharge(charge.id);
      return action;
    },
    onSuccess: (action) => {
      if (action === "send") setMessageId(crypto.randomUUID());
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["agreement", agreementId] }),
  });
  const isOpen = charge.status === "open";
  const document = charge.pdf_url ?? (charge.method === "boleto" ? charge.link : null);
  return (
    <section className={classes.card} aria-label={`Cobrança por ${methodNames[charge.method]}`}>
      {isOpen && charge.pix_code && <QrCode chargeId={charge.id} />}
      <div className={classes.facts}>
        <p className={classes.head}>
          <strong>{methodNames[charge.method]}</strong>
          <span className="num">{money(charge.amount_cents)}</span>
          <span>vence em {day(charge.due_on)}</span>
          <Tag tone={state?.tone ?? "neutral"}>{state?.text ?? "em andamento"}</Tag>
        </p>
        {charge.pix_code && isOpen && <Code label="Pix copia e cola" action="Copiar Pix" value={charge.pix_code} />}
        {charge.digitable_line && isOpen && (
          <Code label="Linha digitável" action="Copiar linha digitável" value={charge.digitable_line} />
        )}
        {charge.link && isOpen && (
          <Code label="Link de pagamento" action="Copiar link" value={charge.link} href={charge.link} />
        )}
        {charge.status === "failed" && (
          <p role="alert" className={classes.error}>
            {chargeErrors[charge.error_code ?? ""] ?? chargeErrors.unclassified}
          </p>
        )}
        <div className={classes.actions}>
          {isOpen && (
            <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate("send")}>
              Enviar por WhatsApp
            </Button>
          )}
          {isOpen && document && (
            <Button size="compact-sm" variant="default" component="a" href={document} target="_blank" rel="noreferrer">
              Abrir o PDF
            </Button>
          )}
          {charge.status === "failed" && (
            <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate("retry")}>
              Tentar de novo
            </Button>
          )}
          {charge.status !== "cancelled" && charge.status !== "paid" && (
            <Button size="compact-sm" variant="default" disabled={act.isPending} onClick={() => act.mutate("refresh")}>
              Conferir com o provedor
            </Button>
          )}
        </div>
        <div role="status" className={classes.told}>
          {act.data === "send" && "Na fila do WhatsApp: acompanhe na linha do tempo do cliente."}
          {act.data === "refresh" && "Perguntamos ao provedor; o que mudou aparece aqui."}
          {act.data === "retry" && "Tentando de novo."}
        </div>
        {act.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(act.error)}
            {nextAllowed(act.error) && ` Pode a partir de ${nextAllowed(act.error)}.`}
          </p>
        )}
      </div>
    </section>
  );
}

/** Outside hours the refusal carries the next lawful instant. */
function nextAllowed(error: unknown): string | null {
  if (!(error instanceof AppError) || error.code !== "outside_hours") return null;
  return Number.isNaN(Date.parse(error.detail)) ? null : moment(error.detail);
}

interface CodeProps {
  label: string;
  action: string;
  value: string;
  href?: string;
}

function Code({ label, action, value, href }: CodeProps): ReactNode {
  return (
    <div className={classes.code}>
      <span>{label}</span>
      {href ? (
        <a href={href} target="_blank" rel="noreferrer">
          {value}
        </a>
      ) : (
        <code>{value}</code>
      )}
      <CopyButton value={value} timeout={1_500}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" onClick={copy}>
            {copied ? "Copiado" : action}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}

function QrCode({ chargeId }: { chargeId: string }): ReactNode {
  const { data: address, error } = useQrCode(chargeId);
  if (error) return null;
  return (
    <div className={classes.qr}>
      {address && (
        <img src={address} alt="QR code do Pix, para pagar pelo aplicativo do banco" width={132} height={132} />
      )}
    </div>
  );
}
