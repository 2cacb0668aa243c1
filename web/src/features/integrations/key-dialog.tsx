import { Button, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import classes from "./integrations.module.css";

interface KeyDialogProps {
  name: string;
  isPending: boolean;
  onClose: () => void;
  onConfirm: (endsOldNow: boolean) => void;
}

export function KeyDialog({ name, isPending, onClose, onConfirm }: KeyDialogProps): ReactNode {
  const [endsOldNow, setEndsOldNow] = useState(false);
  return (
    <Modal opened onClose={onClose} title={`Outra chave para o webhook: ${name}`} transitionProps={{ duration: 0 }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(endsOldNow);
        }}
      >
        <p>
          Você recebe um endereço novo para colar no provedor. O de agora continua valendo por 24 horas, para nada se
          perder enquanto troca.
        </p>
        <label className={classes.check}>
          <input
            type="checkbox"
            checked={endsOldNow}
            onChange={(event) => setEndsOldNow(event.currentTarget.checked)}
          />
          A chave vazou: o endereço de agora deixa de valer já
        </label>
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Voltar
          </Button>
          <Button type="submit" loading={isPending} {...(endsOldNow && { color: "red" })}>
            Gerar chave
          </Button>
        </div>
      </form>
    </Modal>
  );
}
