import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { roleNames } from "@/lib/session";
import { Tag } from "@/ui/tag";
import { creditorWords } from "./creditor-choice";
import classes from "./people.module.css";
import { type People, peopleKey, resend, revokeInvitation } from "./queries";

const states = { open: "à espera", expired: "venceu", revoked: "revogado", declined: "recusado" } as const;
const tones = { open: "busy", expired: "warn", revoked: "neutral", declined: "neutral" } as const;

export function Invitations({ invitations, creditors }: Pick<People, "invitations" | "creditors">): ReactNode {
  const queryClient = useQueryClient();
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: peopleKey });
  const mail = useMutation({ mutationFn: resend, onSettled: again });
  const revoke = useMutation({ mutationFn: revokeInvitation, onSettled: again });
  const error = mail.error ?? revoke.error;
  const isBusy = mail.isPending || revoke.isPending;
  return (
    <>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <ul aria-label="Convites" className={classes.rows}>
        {invitations.map((sent) => (
          <li key={sent.id} className={classes.row}>
            <span className={classes.who}>
              <strong>{sent.email}</strong>
              <span className={classes.note}>
                {sent.name ? `${sent.name} · ` : ""}
                {roleNames[sent.role]}
                {sent.creditor_ids && ` · só ${creditorWords(sent.creditor_ids, creditors)}`} ·{" "}
                {sent.mailed_at ? `convite enviado ${moment(sent.mailed_at)}` : "o convite ainda não saiu"}
                {sent.state === "open" && ` · vale até ${moment(sent.expires_at)}`}
              </span>
            </span>
            <span className={classes.deeds}>
              <Tag tone={tones[sent.state]}>{states[sent.state]}</Tag>
              {(sent.state === "open" || sent.state === "expired") && (
                <>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Reenviar a ${sent.email}`}
                    disabled={isBusy}
                    onClick={() => mail.mutate(sent.id)}
                  >
                    Reenviar
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={`Revogar o convite de ${sent.email}`}
                    disabled={isBusy}
                    onClick={() => revoke.mutate(sent.id)}
                  >
                    Revogar
                  </Button>
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
