import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { sentenceFor } from "@/lib/errors";
import { type Role, roleNames } from "@/lib/session";
import classes from "./people.module.css";
import { invite, peopleKey } from "./queries";

export const roles = Object.entries(roleNames).map(([value, label]) => ({ value, label }));

export function InviteForm(): ReactNode {
  const queryClient = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const sent = useMutation({
    mutationFn: invite,
    onSuccess: () => form.current?.reset(),
    // An invitation stands also where its mail did not leave.
    onSettled: () => queryClient.invalidateQueries({ queryKey: peopleKey }),
  });
  return (
    <div className={classes.body}>
      <form
        ref={form}
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget);
          sent.mutate({
            email: String(typed.get("email")).trim(),
            name: String(typed.get("name")).trim(),
            role: String(typed.get("role")) as Role,
          });
        }}
      >
        <TextInput label="E-mail" name="email" type="email" required withAsterisk={false} autoComplete="off" />
        <TextInput label="Nome" name="name" maxLength={80} autoComplete="off" />
        <NativeSelect label="Papel" name="role" data={roles} />
        <Button type="submit" loading={sent.isPending}>
          Enviar convite
        </Button>
      </form>
      {sent.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(sent.error)}
        </p>
      )}
      {sent.data && (
        <p role="status" className={classes.told}>
          {sent.data.outcome === "joined"
            ? `${sent.variables.email} já tinha conta e entrou na hora: é só escolher esta assessoria.`
            : `O convite foi para ${sent.variables.email}. O link vale por um dia, o convite por 14.`}
        </p>
      )}
    </div>
  );
}
