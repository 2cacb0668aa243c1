import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { count } from "@/lib/format";
import { saveConfirmationLimit, useConfirmationLimit, whatsappKey } from "./queries";
import classes from "./whatsapp.module.css";

/** From how many recipients on a second person must want a bulk send. */
export function LimitForm(): ReactNode {
  const queryClient = useQueryClient();
  const { data: limit } = useConfirmationLimit();
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (limit === undefined ? "" : String(limit));
  const isNumber = /^\d{1,7}$/.test(text);
  const save = useMutation({
    mutationFn: () => saveConfirmationLimit(Number(text)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: whatsappKey }),
  });
  return (
    <form
      className={classes.body}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <p className={classes.note}>
        Um disparo para mais pessoas do que isto espera a confirmação de outra pessoa, que não pode ser quem o criou.
        Com 0, todo disparo espera.
      </p>
      <TextInput
        label="Segunda pessoa acima de, destinatários"
        required
        inputMode="numeric"
        value={text}
        error={text !== "" && !isNumber ? "Um número inteiro" : undefined}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {save.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="compact-sm" loading={save.isPending} disabled={!isNumber}>
          Salvar limite
        </Button>
        <span role="status" className={classes.good}>
          {save.isSuccess && limit !== undefined && `Acima de ${count(limit)}, pede confirmação.`}
        </span>
      </div>
    </form>
  );
}
