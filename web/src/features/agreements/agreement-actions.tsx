import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import type { AgreementRow, AgreementStatus } from "@/lib/money-shapes";
import { useHasRole, useMember } from "@/lib/session";
import classes from "./agreements.module.css";
import { cancelAgreement, decide, reactivateAgreement } from "./queries";
import { ReasonForm } from "./reason-form";

type Action = "approve" | "reject" | "cancel" | "reactivate";

const cancellable = new Set<AgreementStatus>([
  "pending_approval",
  "awaiting_first_payment",
  "active",
  "overdue",
  "broken_provisionally",
]);
const revivable = new Set<AgreementStatus>(["broken_provisionally", "broken", "lapsed"]);

/** What this person may do with the agreement now; the database has the last word. */
export function AgreementActions({ agreement }: { agreement: AgreementRow }): ReactNode {
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const { user } = useMember();
  const [asking, setAsking] = useState<Exclude<Action, "approve"> | null>(null);
  const [firstDueOn, setFirstDueOn] = useState("");
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: async ({ action, reason = "" }: { action: Action; reason?: string }): Promise<string> => {
      if (action === "cancel") await cancelAgreement(agreement.id, reason);
      else if (action === "reactivate") await reactivateAgreement(agreement.id, reason, firstDueOn);
      else return (await decide(agreement.id, action, reason)).outcome;
      return action;
    },
    onSettled: async () => {
      setAsking(null);
      await queryClient.invalidateQueries({ queryKey: ["agreement", agreement.id] });
    },
  });
  const mayDecide = agreement.status === "pending_approval" && isSupervisor && agreement.created_by?.id !== user.id;
  const mayCancel = cancellable.has(agreement.status) && (isSupervisor || agreement.paid_cents === 0);
  const mayRevive = revivable.has(agreement.status) && isSupervisor;
  if (!mayDecide && !mayCancel && !mayRevive && !error) return null;
  const labels = { reject: "Recusar", cancel: "Cancelar o acordo", reactivate: "Reativar" };
  return (
    <div className={classes.actions}>
      {asking && (
        <ReasonForm
          label="Motivo"
          action={labels[asking]}
          isPending={isPending}
          onCancel={() => setAsking(null)}
          onSubmit={(reason) => mutate({ action: asking, reason })}
        >
          {asking === "reactivate" && (
            <TextInput
              label="Novo primeiro vencimento"
              type="date"
              value={firstDueOn}
              onChange={(event) => setFirstDueOn(event.currentTarget.value)}
            />
          )}
        </ReasonForm>
      )}
      {!asking && mayDecide && (
        <Button loading={isPending} onClick={() => mutate({ action: "approve" })}>
          Aprovar
        </Button>
      )}
      {!asking && mayDecide && (
        <Button variant="default" onClick={() => setAsking("reject")}>
          Recusar
        </Button>
      )}
      {!asking && mayRevive && (
        <Button variant="default" onClick={() => setAsking("reactivate")}>
          Reativar
        </Button>
      )}
      {!asking && mayCancel && (
        <Button variant="subtle" color="red" onClick={() => setAsking("cancel")}>
          Cancelar o acordo
        </Button>
      )}
      {error && <p role="alert">{sentenceFor(error)}</p>}
      {data === "expired" && <p role="alert">A proposta venceu antes da decisão. É preciso simular de novo.</p>}
    </div>
  );
}
