import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import type { AgreementRow, AgreementStatus } from "@/lib/money-shapes";
import { useHasRole, useMember } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import classes from "./agreements.module.css";
import { cancelAgreement, decide, reactivateAgreement } from "./queries";

const cancellable = new Set<AgreementStatus>([
  "pending_approval",
  "awaiting_first_payment",
  "active",
  "overdue",
  "broken_provisionally",
]);
const revivable = new Set<AgreementStatus>(["broken_provisionally", "broken", "lapsed", "cancelled"]);
const replaceable = new Set<AgreementStatus>([
  "awaiting_first_payment",
  "active",
  "overdue",
  "broken_provisionally",
  "broken",
  "lapsed",
]);

interface AgreementActionsProps {
  agreement: AgreementRow & { formalised_at: string | null; successor_id: string | null };
  onRenegotiate?: (() => void) | undefined;
}

/** What this person may do with the agreement now; the database has the last word. */
export function AgreementActions({ agreement, onRenegotiate }: AgreementActionsProps): ReactNode {
  const { status, id } = agreement;
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const { user } = useMember();
  const [asking, setAsking] = useState<"reject" | "cancel" | "reactivate" | null>(null);
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["agreement", id] });
  const approve = useMutation({ mutationFn: () => decide(id, "approve"), onSettled: again });
  const isOwn = agreement.created_by?.id === user.id;
  const mayDecide = status === "pending_approval" && isSupervisor && !isOwn;
  const mayCancel = cancellable.has(status) && (isSupervisor || agreement.paid_cents === 0);
  const isEnded = agreement.successor_id !== null;
  const mayRevive = revivable.has(status) && isSupervisor && agreement.formalised_at !== null && !isEnded;
  const mayReplace = onRenegotiate !== undefined && replaceable.has(status) && !isEnded;
  const close = (): void => setAsking(null);
  if (!mayDecide && !mayCancel && !mayRevive && !mayReplace) return null;
  return (
    <div className={classes.actions}>
      {mayDecide && (
        <Button loading={approve.isPending} onClick={() => approve.mutate()}>
          Aprovar
        </Button>
      )}
      {mayDecide && (
        <Button variant="default" onClick={() => setAsking("reject")}>
          Recusar
        </Button>
      )}
      {mayReplace && (
        <Button variant="default" onClick={onRenegotiate}>
          Renegociar o saldo
        </Button>
      )}
      {mayRevive && (
        <Button variant="default" onClick={() => setAsking("reactivate")}>
          Reativar
        </Button>
      )}
      {mayCancel && (
        <Button variant="subtle" color="red" onClick={() => setAsking("cancel")}>
          Cancelar o acordo
        </Button>
      )}
      {approve.error && <p role="alert">{sentenceFor(approve.error)}</p>}
      {approve.data?.outcome === "expired" && (
        <p role="alert">A proposta venceu antes da decisão. É preciso simular de novo.</p>
      )}
      {asking === "reject" && (
        <AskDialog
          title="Recusar a proposta"
          reasonLabel="Por que recusar?"
          action="Recusar"
          danger
          run={({ reason }) => decide(id, "reject", reason)}
          onDone={again}
          onClose={close}
        />
      )}
      {asking === "cancel" && (
        <AskDialog
          title="Cancelar o acordo"
          action="Cancelar o acordo"
          danger
          run={({ reason }) => cancelAgreement(id, reason)}
          onDone={again}
          onClose={close}
        >
          <p>As cobranças em aberto são canceladas e os títulos voltam pelo saldo real, sem o desconto.</p>
        </AskDialog>
      )}
      {asking === "reactivate" && (
        <AskDialog
          title="Reativar o acordo"
          action="Reativar"
          dayLabel="Novo vencimento da primeira parcela em aberto"
          minDay={localDate(now())}
          run={({ reason, day }) => reactivateAgreement(id, reason, day)}
          onDone={again}
          onClose={close}
        >
          <p>O mesmo cronograma continua; as parcelas seguintes acompanham a nova data.</p>
        </AskDialog>
      )}
    </div>
  );
}
