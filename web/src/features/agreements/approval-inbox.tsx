import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { approvalSentence } from "@/lib/approval-reasons";
import { sentenceFor } from "@/lib/errors";
import { day, money, percent, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { CalculationTable } from "@/ui/calculation-table";
import { Panel } from "@/ui/panel";
import { useSingleKeys } from "@/ui/single-keys";
import { StatementView } from "@/ui/statement-view";
import { Key, Tag } from "@/ui/tag";
import classes from "./approval-inbox.module.css";
import { decide } from "./queries";
import { ReasonForm } from "./reason-form";
import { Schedule } from "./schedule";
import type { WaitingAgreement } from "./shapes";

/** One key decides what is open: A yes, R no with a reason; J and K walk. */
export function ApprovalInbox({ rows, total }: { rows: WaitingAgreement[]; total: number }): ReactNode {
  const [openId, setOpenId] = useState<string | null>(null);
  const [rejecting, setRejecting] = useState(false);
  const queryClient = useQueryClient();
  const position = Math.max(
    rows.findIndex(({ id }) => id === openId),
    0,
  );
  const current = rows[position];
  const { mutate, isPending, error, data, reset } = useMutation({
    mutationFn: ({ id, decision, reason }: { id: string; decision: "approve" | "reject"; reason?: string }) =>
      decide(id, decision, reason),
    onSettled: async () => {
      setRejecting(false);
      await queryClient.invalidateQueries({ queryKey: ["approval-inbox"] });
      await queryClient.invalidateQueries({ queryKey: ["agreements"] });
    },
  });
  const walk = (index: number): void => {
    const next = rows[index];
    if (!next) return;
    setOpenId(next.id);
    setRejecting(false);
    reset();
  };
  useSingleKeys((key) => {
    if (!current || isPending) return false;
    if (key === "j") walk(position + 1);
    else if (key === "k") walk(position - 1);
    else if (key === "a" && current.may_approve) mutate({ id: current.id, decision: "approve" });
    else if (key === "r" && !current.is_mine) setRejecting(true);
    else return false;
    return true;
  });
  if (!current) return null;
  return (
    <Panel title="Aprovações" aside={plural(total, "proposta espera", "propostas esperam")}>
      <div className={classes.inbox}>
        <ul className={classes.queue} aria-label="Propostas à espera">
          {rows.map((row, index) => (
            <li key={row.id}>
              <Watched clientId={row.client.id} />
              <button type="button" aria-current={index === position || undefined} onClick={() => walk(index)}>
                <span>{row.client.name}</span>
                <span className="num">{money(row.total_cents)}</span>
                <span className={classes.faint}>até {day(row.valid_until)}</span>
              </button>
            </li>
          ))}
        </ul>
        <article className={classes.proposal} aria-label={`Proposta de ${current.client.name}`}>
          <header className={classes.head}>
            <h3>
              <Link href={`/acordos/${current.id}`}>{current.client.name}</Link>
            </h3>
            <span>
              {current.creditor.name} · por {current.created_by?.name ?? "—"} · válida até {day(current.valid_until)}
            </span>
            {current.is_expired && <Tag tone="warn">vencida: aprovar só mostra o preço de hoje</Tag>}
            <strong className="num">
              {money(current.total_cents)} ({percent(current.discount_percent)} de desconto)
            </strong>
          </header>
          <ul className={classes.reasons}>
            {current.approval_reasons.map((reason) => (
              <li key={`${reason.code}:${reason.component ?? ""}`}>{approvalSentence(reason)}</li>
            ))}
          </ul>
          {rejecting ? (
            <ReasonForm
              label="Por que recusar?"
              action="Recusar"
              isPending={isPending}
              onCancel={() => setRejecting(false)}
              onSubmit={(reason) => mutate({ id: current.id, decision: "reject", reason })}
            />
          ) : (
            <div className={classes.actions}>
              <Button
                loading={isPending}
                disabled={!current.may_approve}
                onClick={() => mutate({ id: current.id, decision: "approve" })}
              >
                Aprovar&nbsp;<Key>A</Key>
              </Button>
              <Button variant="default" disabled={current.is_mine || isPending} onClick={() => setRejecting(true)}>
                Recusar&nbsp;<Key>R</Key>
              </Button>
              {current.is_mine && <span className={classes.faint}>Quem propôs não decide.</span>}
              {!current.is_mine && !current.may_approve && (
                <span className={classes.faint}>Está acima da sua alçada.</span>
              )}
            </div>
          )}
          {error && <p role="alert">{sentenceFor(error)}</p>}
          {data?.outcome === "expired" && (
            <p role="alert">A proposta venceu antes da decisão. Quem propôs precisa simular de novo.</p>
          )}
          <CalculationTable totals={current.totals} />
          <Schedule parts={current.schedule} />
          <details>
            <summary>Memória de cálculo de {day(current.base_on)}</summary>
            <StatementView statement={current.statement} />
          </details>
        </article>
      </div>
    </Panel>
  );
}

/** Somebody else's decision is told on the client's own topic. */
function Watched({ clientId }: { clientId: string }): ReactNode {
  useLiveQueries(`client:${clientId}`, [], () => [["approval-inbox"], ["agreements"]]);
  return null;
}
