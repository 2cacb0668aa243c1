import { Button, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import classes from "./broadcast.module.css";
import { batchKey, changeBatch, resultsKey, retryBatch } from "./queries";
import { RetryDoubts } from "./retry-doubts";
import type { Batch } from "./shapes";
import { messages } from "./words";

type Asking = "pause" | "cancel" | "confirm" | "refuse" | "doubts" | null;

/** What a supervisor may do now; what cannot be taken back says its consequence first. */
export function BatchActions({ batch }: { batch: Batch }): ReactNode {
  const maySupervise = useHasRole("supervisor");
  const [asking, setAsking] = useState<Asking>(null);
  const queryClient = useQueryClient();
  const refresh = async (): Promise<void> => {
    await queryClient.invalidateQueries({ queryKey: batchKey(batch.id) });
    await queryClient.invalidateQueries({ queryKey: resultsKey(batch.id) });
  };
  const act = useMutation({
    mutationFn: (run: () => Promise<unknown>) => run(),
    onSettled: refresh,
    onSuccess: () => setAsking(null),
  });
  const retry = useMutation({
    mutationFn: () => retryBatch(batch.id),
    onSettled: refresh,
    onSuccess: (again) => notifications.show({ message: `${messages(again)} de volta à fila.`, color: "petrol" }),
  });
  if (!maySupervise) return null;
  const { status, numbers, may_confirm } = batch;
  const isLiving = status === "sending" || status === "scheduled" || status === "paused";
  return (
    <div className={classes.actions}>
      {may_confirm && (
        <>
          <Button size="compact-md" onClick={() => setAsking("confirm")}>
            Confirmar
          </Button>
          <Button size="compact-md" variant="default" onClick={() => setAsking("refuse")}>
            Recusar
          </Button>
        </>
      )}
      {(status === "sending" || status === "scheduled") && (
        <Button size="compact-md" variant="default" onClick={() => setAsking("pause")}>
          Pausar
        </Button>
      )}
      {status === "paused" && (
        <Button
          size="compact-md"
          loading={act.isPending}
          onClick={() => act.mutate(() => changeBatch(batch.id, "resume"))}
        >
          Retomar
        </Button>
      )}
      {numbers.retryable > 0 && status !== "cancelled" && (
        <Button size="compact-md" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
          Tentar de novo {plural(numbers.retryable, "falha passageira", "falhas passageiras")}
        </Button>
      )}
      {numbers.doubtful > 0 && status !== "cancelled" && (
        <Button size="compact-md" variant="default" onClick={() => setAsking("doubts")}>
          Tentar de novo {count(numbers.doubtful)} sem resposta
        </Button>
      )}
      {(isLiving || (status === "awaiting_confirmation" && !may_confirm)) && (
        <Button size="compact-md" variant="subtle" color="red" onClick={() => setAsking("cancel")}>
          Cancelar disparo
        </Button>
      )}
      {(act.error ?? retry.error) && asking === null && <p role="alert">{sentenceFor(act.error ?? retry.error)}</p>}
      {asking === "refuse" && (
        <AskDialog
          title="Recusar o disparo"
          action="Recusar"
          danger
          reasonLabel="Por quê? Quem pediu lê o motivo."
          run={({ reason }) => changeBatch(batch.id, "refuse", reason)}
          onDone={refresh}
          onClose={() => setAsking(null)}
        >
          <p>Nenhuma mensagem sai. Para enviar, é preciso criar outro disparo.</p>
        </AskDialog>
      )}
      {asking === "doubts" && (
        <RetryDoubts batchId={batch.id} people={numbers.doubtful} onDone={refresh} onClose={() => setAsking(null)} />
      )}
      {asking && asking !== "refuse" && asking !== "doubts" && (
        <Consequence
          asking={asking}
          batch={batch}
          error={act.error}
          isPending={act.isPending}
          onGo={() => act.mutate(() => changeBatch(batch.id, asking))}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  );
}

interface ConsequenceProps {
  asking: "pause" | "cancel" | "confirm";
  batch: Batch;
  error: Error | null;
  isPending: boolean;
  onGo: () => void;
  onClose: () => void;
}

function Consequence({ asking, batch, error, isPending, onGo, onClose }: ConsequenceProps): ReactNode {
  const { numbers } = batch;
  const said = {
    pause: {
      title: "Pausar o disparo",
      text: `${messages(numbers.queued)} ${numbers.queued === 1 ? "espera" : "esperam"} até alguém retomar. As que já estão a caminho do provedor seguem; o que foi enviado não volta.`,
      action: "Pausar",
    },
    cancel: {
      title: "Cancelar o disparo",
      text: `${plural(numbers.queued, "pessoa não vai", "pessoas não vão")} receber a mensagem, e isto não se desfaz. O que já foi enviado (${messages(numbers.sent)}) não volta e continua sendo cobrado.`,
      action: "Cancelar de vez",
    },
    confirm: {
      title: "Confirmar o disparo",
      text: `${messages(numbers.queued)} ${numbers.queued === 1 ? "começa" : "começam"} a sair ${batch.scheduled_at ? "no horário marcado" : "agora"}, cada uma dentro do horário permitido. Quem responde é você e ${batch.created_by.name ?? "quem pediu"}.`,
      action: "Confirmar e enviar",
    },
  }[asking];
  return (
    <Modal opened onClose={onClose} title={said.title} transitionProps={{ duration: 0 }}>
      <div className={classes.inside}>
        <p>{said.text}</p>
        {error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        )}
        <div className={classes.actions}>
          <Button variant="default" onClick={onClose} data-autofocus>
            Voltar
          </Button>
          <Button {...(asking === "cancel" && { color: "red" })} loading={isPending} onClick={onGo}>
            {said.action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
