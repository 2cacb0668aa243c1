import { Button, CopyButton, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { day, money, plural } from "@/lib/format";
import { StatementView } from "@/ui/statement-view";
import { ErrorState, Skeleton } from "@/ui/states";
import "@/ui/dialog-styles";
import { DebtMarks } from "./debt-marks";
import { downloadStatement, useStatement, useStatementDays } from "./queries";
import classes from "./statement-dialog.module.css";

interface StatementDialogProps {
  clientId: string;
  /** The title whose value was clicked comes first. */
  debtId?: string | undefined;
  onClose: () => void;
}

/** Why the debt is what it is, today and on each of the next thirty days. */
export function StatementDialog({ clientId, debtId, onClose }: StatementDialogProps): ReactNode {
  const [ahead, setAhead] = useState(0);
  const { data: days } = useStatementDays(clientId);
  const chosen = days?.[ahead];
  const { data: statement, error, refetch } = useStatement(clientId, ahead > 0 ? chosen?.on_date : undefined);
  const pdf = useMutation({
    mutationFn: () => downloadStatement(clientId, ahead > 0 ? chosen?.on_date : undefined),
  });
  return (
    <Modal opened onClose={onClose} title="Memória de cálculo" size="xl" transitionProps={{ duration: 0 }}>
      {!statement && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />)}
      {statement && (
        <div className={classes.body}>
          <div className={classes.top}>
            <div>
              <div className={classes.faint}>
                {plural(statement.totals.debts, "título", "títulos")}, total em{" "}
                {day(chosen?.on_date ?? statement.on_date)}
              </div>
              <strong className={`num ${classes.total}`} data-testid="statement-total">
                {money(chosen?.total_cents ?? statement.totals.total_cents)}
              </strong>
            </div>
            <label className={classes.slider}>
              <span>{ahead === 0 ? "Se pagar hoje" : `Se pagar em ${plural(ahead, "dia", "dias")}`}</span>
              <input
                type="range"
                min={0}
                max={days ? days.length - 1 : 0}
                value={ahead}
                disabled={!days}
                onChange={(event) => setAhead(Number(event.currentTarget.value))}
                aria-valuetext={chosen && `${day(chosen.on_date)}, ${money(chosen.total_cents)}`}
              />
            </label>
            <Button variant="default" size="compact-sm" loading={pdf.isPending} onClick={() => pdf.mutate()}>
              Baixar em PDF
            </Button>
          </div>
          {pdf.error && <p role="alert">O PDF não saiu. {sentenceFor(pdf.error)}</p>}
          <section className={classes.script} aria-label="Texto para ler ao cliente">
            <header>
              <h3>Para ler ao cliente</h3>
              <span className={classes.faint}>valores discriminados, Lei estadual (SP) 14.953/2013</span>
              <CopyButton value={statement.text} timeout={1_500}>
                {({ copied, copy }) => (
                  <Button variant="default" size="compact-sm" onClick={copy}>
                    {copied ? "Copiado" : "Copiar"}
                  </Button>
                )}
              </CopyButton>
            </header>
            <p>{statement.text}</p>
          </section>
          <StatementView
            statement={statement}
            first={debtId}
            actionsOf={(debt) => <DebtMarks clientId={clientId} debt={debt} />}
          />
        </div>
      )}
    </Modal>
  );
}

function Loading(): ReactNode {
  return (
    <div className={classes.body} aria-busy="true">
      <Skeleton width="100%" height={48} />
      <Skeleton width="100%" height={220} />
    </div>
  );
}
