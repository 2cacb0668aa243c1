import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import { Choice, creditorWords } from "./creditor-choice";
import classes from "./people.module.css";
import { archiveTeam, type People, peopleKey, saveTeam, type Team } from "./queries";

export function Teams({ people, teams, creditors }: People): ReactNode {
  const queryClient = useQueryClient();
  const [edited, setEdited] = useState<Team | "new" | null>(null);
  const archive = useMutation({
    mutationFn: archiveTeam,
    onSettled: () => queryClient.invalidateQueries({ queryKey: peopleKey }),
  });
  return (
    <div className={classes.body}>
      {teams.length === 0 && (
        <p className={classes.note}>
          Nenhuma equipe. Com elas o painel conta por equipe, e uma equipe pode ver só alguns credores.
        </p>
      )}
      <ul aria-label="Equipes">
        {teams.map((team) => (
          <li key={team.id} className={classes.row}>
            <span className={classes.who}>
              <strong>{team.name}</strong>
              <span className={classes.note}>
                {plural(team.user_ids.length, "pessoa", "pessoas")} · {creditorWords(team.creditor_ids, creditors)}
              </span>
            </span>
            <span className={classes.deeds}>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Editar a equipe ${team.name}`}
                onClick={() => setEdited(team)}
              >
                Editar
              </Button>
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                aria-label={`Encerrar a equipe ${team.name}`}
                disabled={archive.isPending}
                onClick={() => {
                  if (window.confirm(`Encerrar a equipe ${team.name}? O limite dela deixa de valer na hora.`))
                    archive.mutate(team.id);
                }}
              >
                Encerrar
              </Button>
            </span>
          </li>
        ))}
      </ul>
      {archive.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(archive.error)}
        </p>
      )}
      <div>
        <Button size="compact-sm" variant="default" onClick={() => setEdited("new")}>
          Nova equipe
        </Button>
      </div>
      {edited && (
        <TeamDialog
          team={edited === "new" ? null : edited}
          people={people.map(({ user_id, name }) => ({ id: user_id, name }))}
          creditors={creditors}
          onClose={() => setEdited(null)}
        />
      )}
    </div>
  );
}

interface TeamDialogProps extends Pick<People, "creditors"> {
  team: Team | null;
  people: { id: string; name: string }[];
  onClose: () => void;
}

function TeamDialog({ team, people, creditors, onClose }: TeamDialogProps): ReactNode {
  const queryClient = useQueryClient();
  const [name, setName] = useState(team?.name ?? "");
  const [members, setMembers] = useState(team?.user_ids ?? []);
  const [chosen, setChosen] = useState(team?.creditor_ids ?? []);
  const save = useMutation({
    mutationFn: () =>
      saveTeam({
        ...(team && { id: team.id }),
        name,
        user_ids: members,
        creditor_ids: chosen.length > 0 ? chosen : null,
      }),
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
        <Choice legend="Pessoas" all={people} chosen={members} onChange={setMembers} />
        <Choice legend="Só estes credores (nenhum: todos)" all={creditors} chosen={chosen} onChange={setChosen} />
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
