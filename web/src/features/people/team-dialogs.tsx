import { Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import type { PickedCreditor } from "@/lib/creditor-choices";
import { FormEnd } from "@/ui/form-end";
import { Choice, Creditors } from "./creditor-choice";
import classes from "./people.module.css";
import { archiveTeam, type Member, peopleKey, saveTeam, type Team } from "./queries";
import { LimitsOf, useWidened } from "./widened";

interface DialogProps {
  people: Member[];
  creditors: PickedCreditor[];
  onClose: () => void;
}

export function TeamDialog({ team, people, creditors, onClose }: DialogProps & { team: Team | null }): ReactNode {
  const queryClient = useQueryClient();
  const [name, setName] = useState(team?.name ?? "");
  const [members, setMembers] = useState(team?.user_ids ?? []);
  const [chosen, setChosen] = useState(team?.creditor_ids ?? []);
  const widened = useWidened(people);
  const save = useMutation({
    mutationFn: () =>
      saveTeam({
        ...(team && { id: team.id }),
        name,
        user_ids: members,
        creditor_ids: chosen.length > 0 ? chosen : null,
        limits: widened.limits,
      }),
    onError: widened.onRefused,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: peopleKey });
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={team ? `Equipe ${team.name}` : "Nova equipe"}
      transitionProps={{ duration: 0 }}
    >
      <form
        className={classes.dialog}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label="Nome da equipe"
          required
          withAsterisk={false}
          maxLength={60}
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Choice
          legend="Pessoas"
          all={people.map((one) => ({ id: one.user_id, name: one.name }))}
          chosen={members}
          onChange={setMembers}
        />
        <Creditors
          legend="Só estes credores (nenhum: todos)"
          creditors={creditors}
          chosen={chosen}
          onChange={setChosen}
        />
        <LimitsOf people={people} creditors={creditors} {...widened} />
        <FormEnd
          error={save.error}
          onBack={onClose}
          action="Salvar equipe"
          busy={save.isPending}
          disabled={!name.trim()}
        />
      </form>
    </Modal>
  );
}

export function ArchiveDialog({ team, people, creditors, onClose }: DialogProps & { team: Team }): ReactNode {
  const queryClient = useQueryClient();
  const widened = useWidened(people);
  const archive = useMutation({
    mutationFn: () => archiveTeam({ id: team.id, limits: widened.limits }),
    onError: widened.onRefused,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: peopleKey });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Encerrar a equipe ${team.name}?`} transitionProps={{ duration: 0 }}>
      <form
        className={classes.dialog}
        onSubmit={(event) => {
          event.preventDefault();
          archive.mutate();
        }}
      >
        <p>As pessoas continuam na assessoria, e o passado da equipe continua no painel.</p>
        <LimitsOf people={people} creditors={creditors} {...widened} />
        <FormEnd error={archive.error} onBack={onClose} action="Encerrar equipe" danger busy={archive.isPending} />
      </form>
    </Modal>
  );
}
