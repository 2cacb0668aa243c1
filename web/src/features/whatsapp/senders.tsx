import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { phone as phoneText } from "@/lib/format";
import { pauseReason } from "@/lib/message-words";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { type Sender, setSenderState, useSenders, whatsappKey } from "./queries";
import { SenderForm } from "./sender-form";
import classes from "./whatsapp.module.css";
import { providerName, qualities, senderStates } from "./words";

export function Senders(): ReactNode {
  const { data: senders, error, refetch } = useSenders();
  const [edited, setEdited] = useState<Sender | "new" | null>(null);
  if (!senders) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Waiting />;
  return (
    <div className={classes.body}>
      {senders.length === 0 && (
        <p className={classes.note}>
          Nenhum número ainda. Conecte a Gupshup ou a Meta em Integrações: o primeiro número entra sozinho.
        </p>
      )}
      <ul aria-label="Números de envio" className={classes.rows}>
        {senders.map((sender) => (
          <Row key={sender.id} sender={sender} onEdit={() => setEdited(sender)} />
        ))}
      </ul>
      {edited ? (
        <SenderForm
          key={edited === "new" ? "new" : edited.id}
          sender={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
        />
      ) : (
        <Button size="compact-sm" variant="default" className={classes.start} onClick={() => setEdited("new")}>
          Acrescentar número
        </Button>
      )}
    </div>
  );
}

function Waiting(): ReactNode {
  return (
    <div className={classes.body} aria-busy="true">
      <Skeleton width="100%" height={48} />
    </div>
  );
}

function Row({ sender, onEdit }: { sender: Sender; onEdit: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const { id, name, state, paused_reason, paused_detail, paused_until } = sender;
  const change = useMutation({
    mutationFn: (next: Sender["state"]) => setSenderState(id, next),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: whatsappKey }),
  });
  const { label, tone } = senderStates[state];
  const quality = qualities[sender.quality];
  const button = (next: Sender["state"], text: string): ReactNode => (
    <Button
      size="compact-sm"
      variant="default"
      loading={change.isPending}
      aria-label={`${text} ${name}`}
      onClick={() => change.mutate(next)}
    >
      {text}
    </Button>
  );
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <p>
          <strong>{name}</strong> {phoneText(sender.phone)} · {providerName(sender.provider)}
        </p>
        <p className={classes.tags}>
          <Tag tone={tone}>{label}</Tag>
          {sender.is_default && <Tag tone="accent">padrão</Tag>}
          <Tag tone={quality.tone}>{quality.label}</Tag>
          <span className={classes.note}>até {sender.throughput_per_second} mensagens por segundo</span>
        </p>
        {state === "paused" && (
          <p className={classes.note} data-strong>
            {pauseReason(paused_reason)}
            {paused_detail && ` (${paused_detail})`}
          </p>
        )}
        {paused_until && state === "active" && Date.parse(paused_until) > Date.now() && (
          <p className={classes.note}>O provedor pediu para esperar até {moment(paused_until)}.</p>
        )}
        {change.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(change.error)}
          </p>
        )}
      </div>
      <div className={classes.buttons}>
        {state === "active" ? button("paused", "Pausar") : button("active", "Retomar")}
        {state !== "disabled" && button("disabled", "Desativar")}
        <Button size="compact-sm" variant="default" aria-label={`Alterar ${name}`} onClick={onEdit}>
          Alterar
        </Button>
      </div>
    </li>
  );
}
