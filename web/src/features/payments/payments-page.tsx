import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { GoodNews } from "@/ui/good-news";
import { Panel } from "@/ui/panel";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { TabLinks } from "@/ui/tab-links";
import { CaseCard } from "./case-card";
import classes from "./payments.module.css";
import { requestReconciliation, usePaymentQueue } from "./queries";
import { SettlementCard } from "./settlement-card";

/** Money that waits for a person, oldest deadline first. */
export function PaymentsPage(): ReactNode {
  useDocumentTitle("Pagamentos a decidir");
  const { data: queue, error, refetch } = usePaymentQueue();
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const { tenant, user } = useMember();
  const everything = [["payment-queue"]];
  useLiveQueries(`tenant:${tenant.id}`, everything, () => everything);
  useLiveQueries(`user:${user.id}`, [], () => everything);
  const sweep = useMutation({
    mutationFn: requestReconciliation,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["payment-queue"] }),
  });
  return (
    <div className={classes.page}>
      <h1>Acordos</h1>
      <TabLinks
        label="Seções de acordos"
        links={[
          { href: "/acordos", label: "Acordos" },
          { href: "/acordos/pagamentos", label: "Pagamentos a decidir", count: queue?.count },
        ]}
      />
      <div className={classes.top}>
        <p className={classes.faint}>
          {isSupervisor
            ? "Cada decisão pede um motivo e fica no histórico do acordo."
            : "Quem decide é um supervisor ou administrador; aqui você acompanha."}
        </p>
        {isSupervisor && (
          <Button variant="default" size="compact-sm" loading={sweep.isPending} onClick={() => sweep.mutate()}>
            Conciliar agora
          </Button>
        )}
      </div>
      {sweep.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(sweep.error)}
        </p>
      )}
      {sweep.isSuccess && <p role="status">Perguntando ao provedor pelos pagamentos dos últimos dias.</p>}
      {!queue && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />)}
      {queue && queue.count === 0 && (
        <GoodNews title="Nenhum pagamento espera decisão">
          Pagamentos em dobro, a maior, sem dono ou depois da quebra aparecem aqui sozinhos.
        </GoodNews>
      )}
      {queue && queue.settlements.length > 0 && (
        <Panel
          title="Baixas manuais"
          aside={plural(queue.settlements.length, "espera confirmação", "esperam confirmação")}
        >
          <ul className={classes.list} aria-label="Baixas manuais à espera">
            {queue.settlements.map((settlement) => (
              <SettlementCard key={settlement.id} settlement={settlement} mayDecide={isSupervisor} />
            ))}
          </ul>
        </Panel>
      )}
      {queue && queue.cases.length > 0 && (
        <Panel title="Pagamentos em dúvida" aside={plural(queue.cases.length, "caso", "casos")}>
          <ul className={classes.list} aria-label="Pagamentos em dúvida">
            {queue.cases.map((each) => (
              <CaseCard key={each.id} case={each} mayDecide={isSupervisor} />
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}
