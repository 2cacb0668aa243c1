import { Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import type { PickedCreditor } from "@/lib/creditor-choices";
import { FormEnd } from "@/ui/form-end";
import { Creditors } from "./creditor-choice";
import classes from "./people.module.css";
import { type Member, peopleKey, setScope } from "./queries";

interface ScopeDialogProps {
  member: Member;
  creditors: PickedCreditor[];
  onClose: () => void;
}

export function ScopeDialog({ member, creditors, onClose }: ScopeDialogProps): ReactNode {
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState(member.creditor_ids ?? []);
  const save = useMutation({
    mutationFn: () => setScope(member.membership_id, chosen.length > 0 ? chosen : null),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: peopleKey });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Credores de ${member.name}`} transitionProps={{ duration: 0 }}>
      <form
        className={classes.dialog}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <p>
          Só as dívidas destes credores aparecem para esta pessoa, em todas as telas e arquivos. Sem nenhum marcado vale
          o limite da equipe; sem limite na equipe, tudo.
        </p>
        <Creditors legend="Credores" creditors={creditors} chosen={chosen} onChange={setChosen} />
        <FormEnd error={save.error} onBack={onClose} action="Salvar" busy={save.isPending} />
      </form>
    </Modal>
  );
}
