import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { centsOf, centsText } from "@/lib/typed";
import classes from "@/ui/ask-dialog.module.css";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import { settleManually } from "./queries";
import type { Installment } from "./shapes";

interface SettleDialogProps {
  installment: Installment;
  clientId: string;
  name: string;
  onDone: () => Promise<void>;
  onClose: () => void;
}

/** Money that came another way: how much, when, and how one knows. */
export function SettleDialog({ installment, clientId, name, onDone, onClose }: SettleDialogProps): ReactNode {
  const today = localDate(now());
  const [id] = useState(() => crypto.randomUUID());
  const [amount, setAmount] = useState(() => centsText(installment.amount_cents));
  const [paidOn, setPaidOn] = useState(today);
  const [evidence, setEvidence] = useState("");
  const cents = centsOf(amount);
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: () =>
      settleManually({
        id,
        client_id: clientId,
        installment_id: installment.id,
        amount_cents: cents ?? 0,
        paid_on: paidOn,
        evidence: evidence.trim(),
      }),
    onSuccess: onDone,
  });
  return (
    <Modal opened onClose={onClose} title={`Baixa manual da ${name}`} transitionProps={{ duration: 0 }}>
      {data ? (
        <div className={classes.form}>
          <p role="status">
            {data.status === "approved"
              ? "Baixa feita: a parcela já mostra o pagamento."
              : "Pedido enviado. Outra pessoa, supervisora ou administradora, precisa confirmar em Acordos › Pagamentos a decidir."}
          </p>
          <div className={classes.buttons}>
            <Button onClick={onClose} data-autofocus>
              Fechar
            </Button>
          </div>
        </div>
      ) : (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            mutate();
          }}
        >
          <div className={classes.row}>
            <TextInput
              label="Valor recebido, em R$"
              inputMode="decimal"
              required
              value={amount}
              error={cents ? undefined : "Valor como 150,00"}
              onChange={(event) => setAmount(event.currentTarget.value)}
            />
            <TextInput
              label="Pago em"
              type="date"
              required
              max={today}
              value={paidOn}
              onChange={(event) => setPaidOn(event.currentTarget.value)}
            />
          </div>
          <TextInput
            label="Comprovante"
            description="Como se sabe: número do recibo, quem recebeu, onde está a cópia. Até 500 caracteres."
            required
            maxLength={500}
            data-autofocus
            value={evidence}
            onChange={(event) => setEvidence(event.currentTarget.value)}
          />
          <FormEnd
            error={error}
            back="Voltar"
            onBack={onClose}
            action="Dar baixa"
            busy={isPending}
            disabled={!cents || !paidOn || !evidence.trim()}
          />
        </form>
      )}
    </Modal>
  );
}
