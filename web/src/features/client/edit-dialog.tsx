import { Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import classes from "./client-page.module.css";
import { differing } from "./differing";
import { type ProfileClient, updateClient } from "./queries";

const fields: ["name" | "email" | "external_id" | "uf", string, number][] = [
  ["name", "Nome", 200],
  ["email", "E-mail", 254],
  ["external_id", "Código externo", 100],
  ["uf", "UF", 2],
];

/** Only what differs from what was opened is sent: two people who mend different fields do not undo each other. */
export function EditDialog({ client, onClose }: { client: ProfileClient; onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const [opened] = useState({
    name: client.name,
    email: client.email ?? "",
    external_id: client.external_id ?? "",
    uf: client.uf ?? "",
  });
  const [patch, setPatch] = useState(opened);
  const save = useMutation({
    mutationFn: () => updateClient(client.id, differing(opened, patch)),
    onSuccess: async () => {
      await queryClient.invalidateQueries();
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Editar cadastro">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {fields.map(([key, label, maxLength]) => (
          <TextInput
            key={key}
            label={label}
            required={key === "name"}
            maxLength={maxLength}
            value={patch[key]}
            onChange={(event) => {
              const value = event.currentTarget.value;
              setPatch({ ...patch, [key]: key === "uf" ? value.toUpperCase() : value });
            }}
          />
        ))}
        <p className={classes.faint}>Quem mudou o quê fica registrado na auditoria.</p>
        <FormEnd error={save.error} onBack={onClose} action="Salvar" busy={save.isPending} />
      </form>
    </Modal>
  );
}
