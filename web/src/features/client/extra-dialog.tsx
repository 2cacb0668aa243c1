import { Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import classes from "./client-page.module.css";
import { extraText } from "./extra-text";
import { type ProfileClient, updateClient } from "./queries";

/** Only what was touched is sent: two people who mend different fields do not undo each other. */
export function ExtraDialog({ client, onClose }: { client: ProfileClient; onClose: () => void }): ReactNode {
  const known = client.extra ?? {};
  const [changed, setChanged] = useState<Record<string, string>>({});
  const [title, setTitle] = useState("");
  const [value, setValue] = useState("");
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: () => {
      const said = { ...changed, ...(title.trim() && { [title.trim()]: value }) };
      const entries = Object.entries(said).map(([key, text]) => [key, text.trim() === "" ? null : text.trim()]);
      return updateClient(client.id, { extra: Object.fromEntries(entries) as Record<string, string | null> });
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["client", client.document] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Dados extras">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {Object.entries(known).map(([key, text]) => (
          <TextInput
            key={key}
            label={key}
            maxLength={1000}
            value={changed[key] ?? extraText(text)}
            onChange={(event) => setChanged({ ...changed, [key]: event.currentTarget.value })}
          />
        ))}
        <div className={classes.pair}>
          <TextInput
            label="Novo campo"
            placeholder="Nome"
            required={value.trim() !== ""}
            maxLength={100}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <TextInput
            label="Valor"
            maxLength={1000}
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
        </div>
        <p className={classes.faint}>Um campo deixado em branco é retirado.</p>
        <FormEnd error={save.error} onBack={onClose} action="Salvar" busy={save.isPending} />
      </form>
    </Modal>
  );
}
