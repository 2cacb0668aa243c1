import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import type { Role } from "@/lib/session";
import { Tag } from "@/ui/tag";
import { creditorWords } from "./creditor-choice";
import { roles } from "./invite-form";
import classes from "./people.module.css";
import { type Member, type People, peopleKey, setRole } from "./queries";
import { RemoveDialog } from "./remove-dialog";
import { ScopeDialog } from "./scope-dialog";

export function Members({ people, teams, creditors }: People): ReactNode {
  const queryClient = useQueryClient();
  const [removed, setRemoved] = useState<Member | null>(null);
  const [limited, setLimited] = useState<Member | null>(null);
  const change = useMutation({
    mutationFn: setRole,
    onSettled: () => queryClient.invalidateQueries({ queryKey: peopleKey }),
  });
  return (
    <>
      {change.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(change.error)}
        </p>
      )}
      <ul aria-label="Pessoas" className={classes.rows}>
        {people.map((member) => {
          const own = teams.filter(({ user_ids }) => user_ids.includes(member.user_id)).map(({ name }) => name);
          return (
            <li key={member.membership_id} className={classes.row}>
              <span className={classes.who}>
                <span>
                  <strong>{member.name}</strong> {member.is_me && <Tag>você</Tag>}
                </span>
                <span className={classes.note}>
                  {member.email} ·{" "}
                  {member.last_seen_at ? `visto ${moment(member.last_seen_at)}` : "sem entrada registrada"}
                </span>
                <span className={classes.note}>
                  Vê {creditorWords(member.scope, creditors)}
                  {own.length > 0 && ` · ${own.join(", ")}`}
                </span>
              </span>
              <span className={classes.deeds}>
                <NativeSelect
                  size="xs"
                  aria-label={`Papel de ${member.name}`}
                  data={roles}
                  value={member.role}
                  disabled={member.is_last_admin || change.isPending}
                  onChange={({ currentTarget }) =>
                    change.mutate({ id: member.membership_id, role: currentTarget.value as Role })
                  }
                />
                {member.role !== "admin" && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Credores de ${member.name}`}
                    onClick={() => setLimited(member)}
                  >
                    Credores
                  </Button>
                )}
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  aria-label={`Remover ${member.name}`}
                  disabled={member.is_last_admin}
                  title={member.is_last_admin ? "A assessoria precisa de pelo menos um administrador." : undefined}
                  onClick={() => setRemoved(member)}
                >
                  Remover
                </Button>
              </span>
            </li>
          );
        })}
      </ul>
      {removed && <RemoveDialog member={removed} people={people} onClose={() => setRemoved(null)} />}
      {limited && <ScopeDialog member={limited} creditors={creditors} onClose={() => setLimited(null)} />}
    </>
  );
}
