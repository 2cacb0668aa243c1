import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { approvalSentence } from "@/lib/approval-reasons";
import { AppError } from "@/lib/errors";
import { day, documentNumber, money, percent, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { CalculationTable } from "@/ui/calculation-table";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { StatementView } from "@/ui/statement-view";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { AgreementActions } from "./agreement-actions";
import { AgreementHistory } from "./agreement-history";
import classes from "./agreements.module.css";
import { Installments } from "./installments";
import { PaymentList } from "./payment-list";
import { useAgreement } from "./queries";
import type { AgreementDetail } from "./shapes";
import { StatusTag } from "./status-tag";
import { caseNames } from "./words";

/** What a renegotiation starts from; the titles are held by this agreement until the new one stands. */
export interface Replaced {
  id: string;
  client_id: string;
  creditor: { id: string; name: string };
  debt_ids: string[];
}

interface AgreementPageProps {
  id: string;
  onRenegotiate?: (replaced: Replaced) => void;
}

export function AgreementPage({ id, onRenegotiate }: AgreementPageProps): ReactNode {
  const { data: detail, error, refetch } = useAgreement(id);
  useDocumentTitle(detail ? `Acordo de ${detail.agreement.client.name}` : "Acordo");
  if (detail) return <LoadedAgreement detail={detail} onRenegotiate={onRenegotiate} />;
  if (error instanceof AppError && error.status === 404)
    return <EmptyState title="Este acordo não existe">Confira o endereço ou procure na lista de acordos.</EmptyState>;
  return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
}

const living = new Set(["awaiting_first_payment", "active", "overdue", "broken_provisionally"]);

interface LoadedProps {
  detail: AgreementDetail;
  onRenegotiate: AgreementPageProps["onRenegotiate"];
}

function LoadedAgreement({ detail, onRenegotiate }: LoadedProps): ReactNode {
  const { agreement, schedule, payments, history, statement, totals, cases } = detail;
  const { client } = agreement;
  useLiveQueries(`client:${client.id}`, [["agreement", agreement.id]], () => [["agreement", agreement.id]]);
  const isLiving = living.has(agreement.status);
  return (
    <div className={classes.page}>
      <Link href="/acordos" className={classes.faint}>
        <IconArrowLeft size={14} aria-hidden /> Acordos
      </Link>
      <header className={classes.head}>
        <h1>Acordo de {client.name}</h1>
        <StatusTag status={agreement.status} />
        <span className={classes.faint}>
          {documentNumber(client.document)} · {agreement.creditor.name} · por {agreement.created_by?.name ?? "—"}
        </span>
        <Link href={`/atendimento/${client.id}`}>Atender</Link>
        {agreement.replaces_id && <Link href={`/acordos/${agreement.replaces_id}`}>Acordo anterior</Link>}
        {agreement.successor_id && <Link href={`/acordos/${agreement.successor_id}`}>Renegociado em outro acordo</Link>}
        <strong className="num" data-testid="agreement-total">
          {money(agreement.total_cents)}
        </strong>
      </header>
      <AgreementActions
        agreement={agreement}
        onRenegotiate={
          onRenegotiate &&
          (() =>
            onRenegotiate({
              id: agreement.id,
              client_id: client.id,
              creditor: agreement.creditor,
              debt_ids: detail.debts.map(({ debt_id }) => debt_id),
            }))
        }
      />
      {cases.map(({ id, kind, amount_cents }) => (
        <p key={id} role="status" className={classes.notice}>
          {caseNames[kind] ?? "Pagamento em dúvida"}: {money(amount_cents)} espera decisão em{" "}
          <Link href="/acordos/pagamentos">Pagamentos a decidir</Link>.
        </p>
      ))}
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Installments detail={detail} isLiving={isLiving} />
          <Panel title="Pagamentos" aside={plural(payments.length, "pagamento", "pagamentos")}>
            <PaymentList payments={payments} schedule={schedule} agreementId={agreement.id} />
          </Panel>
        </div>
        <div className={classes.stack}>
          <Panel title="Cálculo" aside={`${percent(agreement.discount_percent)} de desconto`}>
            <div className={classes.inside}>
              <CalculationTable totals={totals} />
              {agreement.approval_reasons.map((reason) => (
                <p key={`${reason.code}:${reason.component ?? ""}`}>{approvalSentence(reason)}</p>
              ))}
              {agreement.decision_reason && <p>Decisão: {agreement.decision_reason}</p>}
              <details>
                <summary>Memória de cálculo de {day(agreement.base_on)}</summary>
                <StatementView statement={statement} />
              </details>
            </div>
          </Panel>
          <Panel title="Histórico">
            <AgreementHistory history={history} schedule={schedule} />
          </Panel>
        </div>
      </div>
    </div>
  );
}
