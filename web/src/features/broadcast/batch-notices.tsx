import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { plural } from "@/lib/format";
import { useHasRole, useMember } from "@/lib/session";
import classes from "./broadcast.module.css";
import { PausedSender } from "./paused-senders";
import type { Batch } from "./shapes";

/** What a person must know before the numbers: who is waited for, and why nothing moves. */
export function BatchNotices({ batch }: { batch: Batch }): ReactNode {
  const { status, sender, is_stalled, scheduled_at, refusal_reason, cancelled_by, last_progress_at } = batch;
  const isUnderWay = status === "sending" || status === "scheduled";
  return (
    <>
      {status === "awaiting_confirmation" && <Awaited batch={batch} />}
      {status === "scheduled" && scheduled_at && (
        <p className={classes.faint}>
          Começa {moment(scheduled_at)}. Até lá, quem pagar, fizer acordo ou pedir para parar sai da lista sozinho.
        </p>
      )}
      {refusal_reason && (
        <p className={classes.warn}>
          {cancelled_by?.name ?? "A segunda pessoa"} recusou: “{refusal_reason}”.
        </p>
      )}
      {isUnderWay && sender.state === "paused" && <PausedSender sender={sender} />}
      {isUnderWay && sender.state === "disabled" && (
        <p role="alert" className={classes.error}>
          O número {sender.name} foi desativado: nada sai até um administrador ativá-lo nas configurações.
        </p>
      )}
      {status === "sending" && sender.state === "active" && sender.paused_until && batch.numbers.queued > 0 && (
        <p className={classes.faint}>O provedor pediu calma até {moment(sender.paused_until)}; depois segue sozinho.</p>
      )}
      {status === "sending" && sender.state === "active" && is_stalled && (
        <p role="alert" className={classes.error}>
          Nada saiu desde {last_progress_at ? moment(last_progress_at) : "o começo"}, embora haja quem possa receber.
          Tentamos de novo a cada minuto. Se continuar assim, confira a integração nas configurações; ninguém recebe em
          dobro por causa disto.
        </p>
      )}
      {batch.numbers.unknown > 0 && (
        <p className={classes.faint}>
          {plural(batch.numbers.unknown, "mensagem espera", "mensagens esperam")} o provedor dizer se saiu. Sem resposta
          em 15 minutos conta como falha; nunca é enviada de novo às cegas.
        </p>
      )}
    </>
  );
}

function Awaited({ batch }: { batch: Batch }): ReactNode {
  const { user } = useMember();
  const isSupervisor = useHasRole("supervisor");
  const people = batch.confirmation?.people ?? [];
  const limit = plural(batch.confirmation?.above ?? 0, "pessoa", "pessoas");
  if (batch.may_confirm)
    return (
      <p className={classes.warn}>
        {batch.created_by.name ?? "Alguém"} passa de {limit} no dia com este disparo. Nada sai antes da sua decisão:
        confira quem recebe, o texto e o custo.
      </p>
    );
  return (
    <p className={classes.warn}>
      Passa de {limit} no dia: outra pessoa da supervisão precisa confirmar.
      {isSupervisor &&
        batch.created_by.user_id === user.id &&
        (people.length > 0 ? ` Avisamos: ${people.join(", ")}.` : " Não há mais ninguém com esse papel na assessoria.")}
    </p>
  );
}
