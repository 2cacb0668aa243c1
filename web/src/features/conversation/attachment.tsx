import { ActionIcon, Button, CloseButton } from "@mantine/core";
import { IconFile, IconPaperclip } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import classes from "./composer.module.css";
import { sendFile, talkKey, talksKey } from "./queries";

const megabyte = 1024 * 1024;
/** As the function refuses them: by the first bytes; here by the name alone, so that nobody waits for a refusal. */
const limits: Record<string, number> = {
  "image/jpeg": 5 * megabyte,
  "image/png": 5 * megabyte,
  "application/pdf": 16 * megabyte,
};

export interface Attachment {
  file: File | null;
  isSending: boolean;
  choose: (file: File | null) => void;
  send: (caption: string) => void;
  error: unknown;
}

/** One file beside the text, which becomes its caption. `onSent`: it is the server's by now. */
export function useAttachment(talkId: string, onSent: () => void): Attachment {
  // The click's own id goes with the file, so that "again" is never a second message.
  const [chosen, setChosen] = useState<{ id: string; file: File } | null>(null);
  const [refusal, setRefusal] = useState<AppError | null>(null);
  const queryClient = useQueryClient();
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (caption: string) => {
      if (!chosen) return;
      const form = new FormData();
      form.append("conversation_id", talkId);
      form.append("message_id", chosen.id);
      form.append("caption", caption);
      form.append("file", chosen.file, chosen.file.name);
      await sendFile(form);
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: talkKey(talkId) });
      void queryClient.invalidateQueries({ queryKey: talksKey });
      setChosen(null);
      onSent();
    },
  });
  const choose = (file: File | null): void => {
    const most = file && limits[file.type];
    reset();
    setRefusal(
      file && !most
        ? new AppError("media_type_refused", 415, file.type)
        : file && most && file.size > most
          ? new AppError("media_too_large", 413, String(file.size))
          : null,
    );
    setChosen(file && most && file.size <= most ? { id: crypto.randomUUID(), file } : null);
  };
  return { file: chosen?.file ?? null, isSending: isPending, choose, send: mutate, error: error ?? refusal };
}

export function AttachButton({ attachment, isBarred }: { attachment: Attachment; isBarred: boolean }): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        accept={Object.keys(limits).join(",")}
        aria-label="Arquivo para enviar"
        onChange={(event) => {
          attachment.choose(event.currentTarget.files?.[0] ?? null);
          // The same file again is a choice, too.
          event.currentTarget.value = "";
        }}
      />
      <ActionIcon
        aria-label="Anexar foto ou PDF"
        title="Anexar foto ou PDF"
        disabled={isBarred || attachment.isSending}
        onClick={() => input.current?.click()}
      >
        <IconPaperclip size={18} />
      </ActionIcon>
    </>
  );
}

/** What was chosen, until it has left; what keeps it from leaving. */
export function AttachmentLine({ attachment, text }: { attachment: Attachment; text: string }): ReactNode {
  const { file, isSending, error } = attachment;
  return (
    <>
      {file && (
        <div className={classes.attachment} aria-busy={isSending}>
          <IconFile size={16} aria-hidden />
          <span className={classes.fileName}>{file.name}</span>
          <span>{isSending ? "enviando…" : "o texto é a legenda"}</span>
          <CloseButton aria-label="Tirar o arquivo" disabled={isSending} onClick={() => attachment.choose(null)} />
        </div>
      )}
      {error !== null && (
        <p role="alert" className={classes.warning}>
          {sentenceFor(error)}{" "}
          {file && (
            <Button size="compact-xs" variant="default" onClick={() => attachment.send(text)}>
              Tentar de novo
            </Button>
          )}
        </p>
      )}
    </>
  );
}
