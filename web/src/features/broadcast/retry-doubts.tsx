import { Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import "@/ui/dialog-styles";
import { plural } from "@/lib/format";
import { FormEnd } from "@/ui/form-end";
import classes from "./broadcast.module.css";
import { retryDoubts } from "./queries";
import { messages } from "./words";

interface RetryDoubtsProps {
  batchId: string;
  people: number;
  /** Nobody else then. */
  person?: { client_id: string; name: string };
  onDone: () => Promise<void>;
  onClose: () => void;
}

/** Nobody knows whether these arrived: what it means to send them again is read before it is done. */
export function RetryDoubts({ batchId, people, person, onDone, onClose }: RetryDoubtsProps): ReactNode {
  const isOne = people === 1;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => retryDoubts(batchId, person && [person.client_id]),
    onSuccess: async (again) => {
      notifications.show({ message: `${messages(again)} de volta à fila.`, color: "petrol" });
      await onDone();
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Enviar de novo para ${person?.name ?? plural(people, "pessoa", "pessoas")}`}
      transitionProps={{ duration: 0 }}
    >
      <form
        className={classes.inside}
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <p>
          O provedor não confirmou se {isOne ? "esta mensagem saiu" : "estas mensagens saíram"}.{" "}
          <strong>
            {isOne ? "A pessoa pode receber em dobro" : "Algumas pessoas podem receber em dobro"}, e cada envio é
            cobrado.
          </strong>{" "}
          Onde há limite de tentativas, a primeira conta: quem já chegou ao limite recebe quando ele permitir. Seu nome
          fica no histórico do disparo.
        </p>
        <FormEnd
          error={error}
          back="Voltar"
          onBack={onClose}
          action="Enviar mesmo assim"
          danger
          busy={isPending}
          disabled={false}
        />
      </form>
    </Modal>
  );
}
