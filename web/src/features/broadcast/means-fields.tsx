import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { count, phone } from "@/lib/format";
import { categoryName, pauseReason } from "@/lib/message-words";
import { useHasRole } from "@/lib/session";
import classes from "./broadcast.module.css";
import compose from "./compose.module.css";
import type { Draft } from "./draft";
import { syncTemplates, templatesKey } from "./queries";
import type { Sender, Template } from "./shapes";
import { templateObstacle } from "./words";

interface MeansProps {
  draft: Draft;
  senders: Sender[];
  templates: Template[];
  onChange: (part: Partial<Draft>) => void;
}

/** Which number and which text. What cannot be sent is listed with its reason, so that nobody looks for it elsewhere. */
export function MeansFields({ draft, senders, templates, onChange }: MeansProps): ReactNode {
  const sender = senders.find(({ id }) => id === draft.senderId);
  const ofSender = templates.filter(({ sender_ids }) => sender && sender_ids.includes(sender.id));
  const sendable = ofSender.filter((each) => !templateObstacle(each));
  const others = ofSender.filter((each) => templateObstacle(each));
  const usable = senders.filter(({ state }) => state !== "disabled");
  if (usable.length === 0)
    return (
      <p role="alert">
        Nenhum número remetente está ativo. Um administrador cadastra em{" "}
        <Link href="/configuracoes/whatsapp">Configurações, WhatsApp</Link>.
      </p>
    );
  return (
    <>
      <NativeSelect
        label="Número remetente"
        value={draft.senderId ?? ""}
        data={usable.map((each) => ({
          value: each.id,
          label: `${each.name} · ${phone(each.phone)}${each.state === "paused" ? " (parado)" : ""}`,
        }))}
        onChange={({ currentTarget: { value } }) => onChange({ senderId: value, templateId: null })}
      />
      {sender && <SenderState sender={sender} />}
      <NativeSelect
        label="Modelo"
        value={draft.templateId ?? ""}
        onChange={({ currentTarget: { value } }) => onChange({ templateId: value || null })}
        data={[
          { value: "", label: sendable.length === 0 ? "Nenhum modelo pronto para este número" : "Escolha um modelo" },
          ...sendable.map((each) => ({
            value: each.id,
            label: `${each.name} · aprovado · ${categoryName(each.category)}`,
          })),
        ]}
      />
      <div className={compose.means}>
        {others.length > 0 && (
          <details>
            <summary>
              {others.length === 1
                ? "Um modelo não pode ser enviado"
                : `${count(others.length)} modelos não podem ser enviados`}
            </summary>
            <ul className={classes.reasons}>
              {others.map((each) => (
                <li key={each.id}>
                  <strong>{each.name}</strong>: {templateObstacle(each)}
                </li>
              ))}
            </ul>
          </details>
        )}
        <SyncButton />
      </div>
    </>
  );
}

function SenderState({ sender }: { sender: Sender }): ReactNode {
  const { state, paused_reason, paused_detail, paused_until, quality, throughput_per_second } = sender;
  if (state === "paused")
    return (
      <p className={classes.warn}>
        Este número está parado: {pauseReason(paused_reason)}
        {paused_detail && ` (${paused_detail})`}. O disparo fica na fila até alguém reativá-lo.
      </p>
    );
  return (
    <p className={classes.faint}>
      Até {count(throughput_per_second)} mensagens por segundo.
      {quality === "red" && " A qualidade deste número está baixa: o WhatsApp pode limitar o envio."}
      {quality === "yellow" && " A qualidade deste número está média."}
      {paused_until && ` O provedor pediu uma pausa até ${moment(paused_until)}.`}
    </p>
  );
}

function SyncButton(): ReactNode {
  const queryClient = useQueryClient();
  const isAdmin = useHasRole("admin");
  const sync = useMutation({
    mutationFn: syncTemplates,
    onSettled: () => queryClient.invalidateQueries({ queryKey: templatesKey }),
  });
  return (
    <span className={compose.sync}>
      <Button variant="subtle" size="compact-xs" loading={sync.isPending} onClick={() => sync.mutate()}>
        Buscar modelos no provedor
      </Button>
      {isAdmin && <Link href="/configuracoes/whatsapp">Ligar variáveis</Link>}
      {sync.error && <span role="alert">{sentenceFor(sync.error)}</span>}
    </span>
  );
}
