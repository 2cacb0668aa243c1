import { Button } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { localTime } from "@/lib/clock";
import type { Pending } from "./shapes";
import classes from "./talk.module.css";
import type { Outbox } from "./use-pending";
import { refusalSentence } from "./words";

interface PendingBubbleProps {
  pending: Pending;
  outbox: Outbox;
  onEdit: (body: string) => void;
}

/** A click's message before the talk has it, or what became of it instead. */
export function PendingBubble({ pending, outbox, onEdit }: PendingBubbleProps): ReactNode {
  const { id, body, templateId, chargeId, state, code, detail } = pending;
  const isRefused = state === "refused";
  return (
    <li
      className={classes.bubble}
      data-direction="out"
      data-status={isRefused ? "failed" : "pending"}
      data-message={id}
    >
      <p className={classes.body}>{body || (chargeId ? "Link de pagamento" : templateId ? "Modelo" : "")}</p>
      <p className={classes.state}>
        <time dateTime={new Date(pending.at).toISOString()}>{localTime(new Date(pending.at))}</time>
        <span className={classes.receipt}>
          <IconClock size={14} aria-hidden /> {code && !isRefused ? "sem conexão, tentando…" : "enviando"}
        </span>
      </p>
      {isRefused && (
        <div className={classes.failure} role="alert">
          <span>Não enviada. {refusalSentence(code ?? "offline", detail)}</span>
          <Button size="compact-xs" variant="default" onClick={() => outbox.again(id)}>
            Tentar de novo
          </Button>
          {body && (
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => {
                onEdit(body);
                outbox.discard(id);
              }}
            >
              Editar
            </Button>
          )}
          <Button size="compact-xs" variant="subtle" onClick={() => outbox.discard(id)}>
            Descartar
          </Button>
        </div>
      )}
    </li>
  );
}
