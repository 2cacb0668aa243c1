import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import { creditorWords } from "./creditor-choice";
import classes from "./people.module.css";
import type { People, Team } from "./queries";
import { ArchiveDialog, TeamDialog } from "./team-dialogs";

export function Teams({ people, teams, creditors }: People): ReactNode {
  const [edited, setEdited] = useState<Team | "new" | null>(null);
  const [ended, setEnded] = useState<Team | null>(null);
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
                onClick={() => setEnded(team)}
              >
                Encerrar
              </Button>
            </span>
          </li>
        ))}
      </ul>
      <div>
        <Button size="compact-sm" variant="default" onClick={() => setEdited("new")}>
          Nova equipe
        </Button>
      </div>
      {edited && (
        <TeamDialog
          team={edited === "new" ? null : edited}
          people={people}
          creditors={creditors}
          onClose={() => setEdited(null)}
        />
      )}
      {ended && <ArchiveDialog team={ended} people={people} creditors={creditors} onClose={() => setEnded(null)} />}
    </div>
  );
}
