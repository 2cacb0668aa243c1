import { ActionIcon, Button } from "@mantine/core";
import { IconQrcode, IconSend, IconTemplate } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useMember } from "@/lib/session";
import { NoContactButton } from "@/ui/no-contact/no-contact-button";
import { AttachButton, AttachmentLine, useAttachment } from "./attachment";
import { CannedList, useCannedList } from "./canned-list";
import { ChargePicker } from "./charge-picker";
import classes from "./composer.module.css";
import type { TalkPage } from "./shapes";
import { TemplatePicker } from "./template-picker";
import type { Draft } from "./use-draft";
import type { Outbox } from "./use-pending";
import { useWindowIsOpen } from "./use-window";
import { obstacleSentence } from "./words";

/** WhatsApp's own limit of a text message. */
const maxLength = 4_096;

interface ComposerProps {
  page: TalkPage;
  outbox: Outbox;
  draft: Draft;
}

/** Enter sends, Shift+Enter begins a line, "/" opens the tenant's own replies. */
export function Composer({ page, outbox, draft }: ComposerProps): ReactNode {
  const { conversation: talk, composer } = page;
  const { user } = useMember();
  const isOpen = useWindowIsOpen(talk.window_until);
  const reason = composer.text ?? (isOpen ? null : "window_closed");
  // Only the closed window is no bar: a template opens it, and a draft waits for it.
  const isBarred = reason !== null && reason !== "window_closed";
  const mayTemplate = composer.template === null;
  const [extra, setExtra] = useState<"template" | "charge" | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const canned = useCannedList(talk, draft, () => field.current?.focus());
  const text = draft.text.trim();
  const leftovers = /\{\{[^}]*\}\}/.test(text);
  const isOthers = talk.owner?.is_here === true && talk.owner.user_id !== user.id;
  const attachment = useAttachment(talk.id, () => draft.change(""));
  const isEmpty = !text && !attachment.file;
  const send = (): void => {
    if (isEmpty || leftovers || reason || attachment.isSending) return;
    if (attachment.file) attachment.send(text);
    else {
      outbox.send({ id: crypto.randomUUID(), body: text });
      draft.change("");
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (canned.onKeyDown(event)) return;
    // A composition's Enter chooses a character (accents, Japanese); it sends nothing.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  useEffect(() => {
    // A phone's keyboard would cover what one came to read.
    if (window.matchMedia("(hover: hover)").matches) field.current?.focus({ preventScroll: true });
  }, []);
  return (
    <footer className={classes.composer}>
      {isOthers && text && (
        <p role="status" className={classes.warning}>
          Esta conversa é de {talk.owner?.name}. Se você escrever, a pessoa receberá respostas de duas pessoas.
        </p>
      )}
      {reason && (
        <p role="status" className={classes.warning}>
          {obstacleSentence(reason, composer.next_allowed_at)}{" "}
          {reason === "suppressed" && (
            <NoContactButton clientId={talk.client?.id ?? null} phone={talk.phone} label="Ver o bloqueio" />
          )}
          {reason === "window_closed" && composer.template && (
            <> {obstacleSentence(composer.template, composer.next_allowed_at)}</>
          )}
        </p>
      )}
      {reason === "window_closed" && mayTemplate && extra === null && (
        <Button variant="light" leftSection={<IconTemplate size={16} />} onClick={() => setExtra("template")}>
          Escolher um modelo
        </Button>
      )}
      {extra === "template" && <TemplatePicker talk={talk} outbox={outbox} onClose={() => setExtra(null)} />}
      {extra === "charge" && talk.client && (
        <ChargePicker clientId={talk.client.id} outbox={outbox} onClose={() => setExtra(null)} />
      )}
      <AttachmentLine attachment={attachment} text={text} />
      {canned.isOpen && <CannedList id={id} canned={canned} />}
      <div className={classes.row}>
        <textarea
          ref={field}
          className={classes.field}
          rows={1}
          maxLength={maxLength}
          value={draft.text}
          disabled={isBarred}
          placeholder={placeholderOf(reason)}
          aria-label="Mensagem"
          data-kept
          aria-autocomplete="list"
          aria-controls={canned.isOpen ? id : undefined}
          aria-activedescendant={canned.isOpen ? `${id}-${canned.active}` : undefined}
          onChange={(event) => draft.change(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div className={classes.tools}>
          <AttachButton attachment={attachment} isBarred={reason !== null} />
          {talk.client && (
            <ActionIcon
              aria-label="Enviar Pix ou boleto"
              title="Enviar Pix ou boleto"
              aria-expanded={extra === "charge"}
              disabled={isBarred}
              onClick={() => setExtra(extra === "charge" ? null : "charge")}
            >
              <IconQrcode size={18} />
            </ActionIcon>
          )}
          <ActionIcon
            aria-label="Enviar um modelo"
            title="Enviar um modelo"
            aria-expanded={extra === "template"}
            disabled={!mayTemplate}
            onClick={() => setExtra(extra === "template" ? null : "template")}
          >
            <IconTemplate size={18} />
          </ActionIcon>
          <ActionIcon
            variant="filled"
            color="petrol"
            aria-label="Enviar"
            title="Enviar (Enter)"
            disabled={isEmpty || leftovers || reason !== null || attachment.isSending}
            onClick={send}
          >
            <IconSend size={18} />
          </ActionIcon>
        </div>
      </div>
      {leftovers && (
        <p role="status" className={classes.hint}>
          Falta um dado deste cliente: troque o que está entre {"{{ }}"} antes de enviar.
        </p>
      )}
    </footer>
  );
}

function placeholderOf(reason: string | null): string {
  if (reason === null) return "Escreva, ou / para respostas prontas";
  return reason === "window_closed" ? "Rascunho: só sai com a janela aberta" : "Não é possível escrever agora";
}
