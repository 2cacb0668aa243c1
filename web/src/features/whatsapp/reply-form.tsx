import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useId, useRef, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { type Reply, saveReply, whatsappKey } from "./queries";
import classes from "./whatsapp.module.css";
import { extraPrefix, fieldName, fields } from "./words";

const longest = 4096;

/** Names between double braces that no field has. */
function unknownFields(body: string): string[] {
  const known = new Set(fields.map(({ value }) => value));
  return [...body.matchAll(/\{\{([^{}]*)\}\}/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !known.has(name) && !/^client\.extra\.[^.]{1,60}$/.test(name));
}

function problemText(error: unknown): string {
  if (error instanceof AppError && error.code === "name_taken") return "Já existe uma resposta com este atalho.";
  return sentenceFor(error);
}

export function ReplyForm({ reply, onClose }: { reply: Reply | null; onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? "");
  const [body, setBody] = useState(reply?.body ?? "");
  const text = useRef<HTMLTextAreaElement>(null);
  const textId = useId();
  const unknown = unknownFields(body);
  const isShortcut = /^[a-z0-9-]{1,40}$/.test(shortcut);
  const save = useMutation({
    mutationFn: () => saveReply({ id: reply?.id ?? null, shortcut, body: body.trim() }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: whatsappKey });
      onClose();
    },
  });
  const insert = (field: string): void => {
    const at = text.current?.selectionStart ?? body.length;
    setBody(`${body.slice(0, at)}{{${field}}}${body.slice(at)}`);
    text.current?.focus();
  };
  return (
    <form
      className={classes.form}
      aria-label={reply ? `Alterar /${reply.shortcut}` : "Nova resposta"}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextInput
        label="Atalho"
        placeholder="segunda-via"
        required
        maxLength={40}
        value={shortcut}
        error={shortcut !== "" && !isShortcut ? "Letras minúsculas sem acento, números e hífen" : undefined}
        onChange={(event) => setShortcut(event.currentTarget.value.toLowerCase().replace(/^\//, ""))}
      />
      <div className={classes.area}>
        <label htmlFor={textId}>Texto</label>
        <textarea
          id={textId}
          ref={text}
          required
          rows={4}
          maxLength={longest}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
        />
      </div>
      <div className={classes.buttons}>
        <span className={classes.note}>Pôr um campo:</span>
        {fields.map(({ value, label }) => (
          <Button key={value} size="compact-xs" variant="default" onClick={() => insert(value)}>
            {label}
          </Button>
        ))}
      </div>
      {unknown.length > 0 && (
        <p className={classes.note} data-strong>
          Campo que não existe: {unknown.map((name) => `{{${fieldName(name)}}}`).join(", ")}. Use os botões acima ou{" "}
          {`{{${extraPrefix}coluna}}`} para uma coluna da carteira.
        </p>
      )}
      {save.error && (
        <p role="alert" className={classes.error}>
          {problemText(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button
          type="submit"
          size="compact-md"
          loading={save.isPending}
          disabled={!isShortcut || body.trim() === "" || unknown.length > 0}
        >
          Salvar resposta
        </Button>
        <Button size="compact-md" variant="default" onClick={onClose}>
          Voltar
        </Button>
      </div>
    </form>
  );
}
