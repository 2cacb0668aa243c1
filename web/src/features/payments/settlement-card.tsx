import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { day, documentNumber, money } from "@/lib/format";
import { AskDialog } from "@/ui/ask-dialog";
import classes from "./payments.module.css";
import { decideSettlement, type Settlement } from "./queries";
import { Watched } from "./watched";

/** The second person of a settlement by hand: sees the evidence, confirms or refuses with a reason. */
export function SettlementCard({ settlement, mayDecide }: { settlement: Settlement; mayDecide: boolean }): ReactNode {
  const { client } = settlement;
  const queryClient = useQueryClient();
  const [refusing, setRefusing] = useState(false);
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["payment-queue"] });
  const approve = useMutation({ mutationFn: () => decideSettlement(settlement.id, "approve", ""), onSettled: again });
  return (
    <li className={classes.card}>
      <Watched clientId={client.id} />
      <div className={classes.facts}>
        <p className={classes.head}>
          <Link href={`/atendimento/${client.id}`}>{client.name}</Link>
          <strong className="num">{money(settlement.amount_cents)}</strong>
        </p>
        <p className={classes.faint}>
          {documentNumber(client.document)} · pago em {day(settlement.paid_on)} · pedido por{" "}
          {settlement.requested_by ?? "—"}, {moment(settlement.created_at)}
          {settlement.agreement_id && (
            <>
              {" · "}
              <Link href={`/acordos/${settlement.agreement_id}`}>ver o acordo</Link>
            </>
          )}
        </p>
        <p>Comprovante: {settlement.evidence}</p>
        {approve.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(approve.error)}
          </p>
        )}
      </div>
      {mayDecide && settlement.is_mine && <span className={classes.faint}>Quem pediu não confirma.</span>}
      {mayDecide && !settlement.is_mine && (
        <div className={classes.actions}>
          <Button size="compact-sm" loading={approve.isPending} onClick={() => approve.mutate()}>
            Confirmar a baixa
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setRefusing(true)}>
            Recusar
          </Button>
        </div>
      )}
      {refusing && (
        <AskDialog
          title="Recusar a baixa"
          action="Recusar"
          danger
          run={({ reason }) => decideSettlement(settlement.id, "reject", reason)}
          onDone={again}
          onClose={() => setRefusing(false)}
        />
      )}
    </li>
  );
}
