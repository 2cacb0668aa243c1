import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { type Role, roleNames } from "@/lib/session";
import { Creditors, creditorWords } from "./creditor-choice";
import classes from "./people.module.css";
import { invite, type People, peopleKey } from "./queries";

export const roles = Object.entries(roleNames).map(([value, label]) => ({ value, label }));

export function InviteForm({ creditors }: Pick<People, "creditors">): ReactNode {
  const queryClient = useQueryClient();
  const [role, setRole] = useState<Role>("operator");
  const [chosen, setChosen] = useState<string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const sent = useMutation({
    mutationFn: invite,
    onSuccess: () => {
      form.current?.reset();
      setRole("operator");
      setChosen([]);
    },
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
            role,
            creditor_ids: role !== "admin" && chosen.length > 0 ? chosen : null,
          });
        }}
      >
        <TextInput label="E-mail" name="email" type="email" required withAsterisk={false} autoComplete="off" />
        <TextInput label="Nome" name="name" maxLength={80} autoComplete="off" />
        <NativeSelect
          label="Papel"
          data={roles}
          value={role}
          onChange={({ currentTarget }) => setRole(currentTarget.value as Role)}
        />
        <Button type="submit" loading={sent.isPending}>
          Enviar convite
        </Button>
        {role !== "admin" && creditors.length > 1 && (
          <details className={classes.limit}>
            <summary>
              {chosen.length > 0 ? `Vê só ${creditorWords(chosen, creditors)}` : "Vê todos os credores; limitar"}
            </summary>
            <Creditors
              // What one invitation was limited to is not the next one's past.
              key={sent.submittedAt}
              legend="Só estes credores (nenhum: todos)"
              creditors={creditors}
              chosen={chosen}
              onChange={setChosen}
            />
          </details>
        )}
      </form>
      {sent.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(sent.error)}
        </p>
      )}
      {sent.data && (
        <p role="status" className={classes.told}>
          O convite foi para {sent.variables.email}. O link vale por um dia, o convite por 14; quem já tem conta o
          encontra ao entrar.
        </p>
      )}
    </div>
  );
}
