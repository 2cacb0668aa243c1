import { Button, CopyButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { day, money } from "@/lib/format";
import { Tag, type Tone } from "@/ui/tag";
import classes from "./agreements.module.css";
import { type Charge, type Installment, requestCharge } from "./queries";

interface InstallmentCourseProps {
  installment: Installment;
  isLiving: boolean;
  agreementId: string;
}

const chargeStates: Record<string, { text: string; tone: Tone }> = {
  queued: { text: "cobrança na fila", tone: "busy" },
  sending: { text: "registrando", tone: "busy" },
  unknown: { text: "conferindo com o provedor", tone: "busy" },
  registering: { text: "registrando no banco", tone: "busy" },
  open: { text: "cobrança emitida", tone: "good" },
  paid: { text: "paga", tone: "good" },
  cancelling: { text: "cancelando", tone: "warn" },
  cancelled: { text: "cancelada", tone: "neutral" },
  failed: { text: "falhou", tone: "bad" },
};

export function InstallmentCourse({ installment, isLiving, agreementId }: InstallmentCourseProps): ReactNode {
  const queryClient = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => requestCharge(installment.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["agreement", agreementId] }),
  });
  const [charge] = installment.charges;
  const mayCharge = isLiving && installment.status === "open" && (!charge || charge.status === "cancelled");
  return (
    <div className={classes.actions}>
      {installment.status === "paid" && (
        <Tag tone="good">paga{installment.paid_on && ` em ${day(installment.paid_on)}`}</Tag>
      )}
      {installment.status === "cancelled" && <Tag title={installment.cancel_reason ?? undefined}>cancelada</Tag>}
      {installment.status === "open" && installment.paid_cents > 0 && (
        <span>{money(installment.paid_cents)} já pagos</span>
      )}
      {installment.late_cents > 0 && <span>mais {money(installment.late_cents)} por atraso</span>}
      {charge && installment.status === "open" && <ChargeState charge={charge} />}
      {mayCharge && (
        <Button size="compact-sm" variant="default" loading={isPending} onClick={() => mutate()}>
          Emitir cobrança
        </Button>
      )}
      {error && <span role="alert">{sentenceFor(error)}</span>}
    </div>
  );
}

function ChargeState({ charge }: { charge: Charge }): ReactNode {
  const state = chargeStates[charge.status];
  const code = charge.pix_code ?? charge.digitable_line;
  return (
    <>
      <Tag tone={state?.tone ?? "neutral"}>{state?.text ?? "em andamento"}</Tag>
      {code && (
        <CopyButton value={code} timeout={1_500}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="subtle" onClick={copy}>
              {copied ? "Copiado" : charge.pix_code ? "Copiar Pix" : "Copiar linha digitável"}
            </Button>
          )}
        </CopyButton>
      )}
      {(charge.link ?? charge.pdf_url) && (
        <a href={charge.link ?? charge.pdf_url ?? undefined} target="_blank" rel="noreferrer">
          Abrir
        </a>
      )}
    </>
  );
}
