import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import classes from "@/app/invitations-for-me.module.css";
import { answerInvitation, myInvitations, myInvitationsKey } from "@/features/login/queries";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { enterTenant, roleNames } from "@/lib/session";

/** Who has an account is asked before they belong to one more agency. */
export function InvitationsForMe(): ReactNode {
  const queryClient = useQueryClient();
  const [refused, setRefused] = useState<string | null>(null);
  const { data = [] } = useQuery({ queryKey: myInvitationsKey, queryFn: myInvitations });
  const answer = useMutation({
    mutationFn: answerInvitation,
    onSuccess: async (agency, { id, accepts }) => {
      if (accepts) return enterTenant(agency);
      setRefused(data.find((each) => each.id === id)?.agency ?? null);
      await queryClient.invalidateQueries({ queryKey: myInvitationsKey });
    },
  });
  if (data.length === 0 && !refused) return null;
  return (
    <section aria-label="Convites para você" className={classes.list}>
      {refused && <p role="status">Você recusou o convite de {refused}.</p>}
      {answer.error && <p role="alert">{sentenceFor(answer.error)}</p>}
      {data.map(({ id, agency, role, invited_by, expires_at }) => (
        <div key={id} className={classes.invitation}>
          <p>
            <strong>{agency}</strong> convida você como {roleNames[role].toLowerCase()}
            {invited_by && `, a pedido de ${invited_by}`}. Vale até {moment(expires_at)}.
          </p>
          <div className={classes.deeds}>
            <Button
              size="compact-sm"
              aria-label={`Aceitar o convite de ${agency}`}
              loading={answer.isPending}
              onClick={() => answer.mutate({ id, accepts: true })}
            >
              Aceitar
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Recusar o convite de ${agency}`}
              disabled={answer.isPending}
              onClick={() => answer.mutate({ id, accepts: false })}
            >
              Recusar
            </Button>
          </div>
        </div>
      ))}
    </section>
  );
}
