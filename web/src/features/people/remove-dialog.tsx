import { Modal, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import classes from "./people.module.css";
import { type Member, peopleKey, removeMember } from "./queries";

interface RemoveDialogProps {
  member: Member;
  people: Member[];
  onClose: () => void;
}

export function RemoveDialog({ member, people, onClose }: RemoveDialogProps): ReactNode {
  const queryClient = useQueryClient();
  const [handTo, setHandTo] = useState("");
  const { clients, callbacks, talks } = member.work;
  const remove = useMutation({
    mutationFn: () => removeMember(member.membership_id, handTo || null),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: peopleKey });
      onClose();
    },
  });
  const held = [
    plural(clients, "cliente", "clientes"),
    plural(callbacks, "retorno", "retornos"),
    plural(talks, "conversa", "conversas"),
  ].join(", ");
  return (
    <Modal opened onClose={onClose} title={`Remover ${member.name}?`} transitionProps={{ duration: 0 }}>
      <form
        className={classes.dialog}
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate();
        }}
      >
        <p>
          O acesso termina na hora, também nas telas abertas. O que esta pessoa fez continua no histórico com o nome
          dela.
        </p>
        <NativeSelect
          label="Quem fica com o trabalho"
          description={held}
          data={[
            { value: "", label: "Ninguém: volta para todos" },
            ...people
              .filter(({ user_id }) => user_id !== member.user_id)
              .map(({ user_id, name }) => ({ value: user_id, label: name })),
          ]}
          value={handTo}
          onChange={({ currentTarget }) => setHandTo(currentTarget.value)}
        />
        <FormEnd error={remove.error} onBack={onClose} action="Remover" danger busy={remove.isPending} />
      </form>
    </Modal>
  );
}
