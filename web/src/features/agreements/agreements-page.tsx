import { useDebouncedValue } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { count, money } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { TabLinks } from "@/ui/tab-links";
import { AgreementFilters } from "./agreement-filters";
import classes from "./agreements.module.css";
import { AgreementsTable } from "./agreements-table";
import { ApprovalInbox } from "./approval-inbox";
import { filterFromUrl, filterToUrl } from "./filter-url";
import { useAgreements, useApprovalInbox, useWaitingPayments } from "./queries";
import type { AgreementFilter, AgreementsPage as Page } from "./shapes";

const searchAfterMs = 200;

export function AgreementsPage(): ReactNode {
  useDocumentTitle("Acordos");
  const [, navigate] = useLocation();
  const filter = filterFromUrl(new URLSearchParams(useSearch()));
  const [search, setSearch] = useState(filter.q ?? "");
  const [settled] = useDebouncedValue(search.trim(), searchAfterMs);
  const { q: _typed, ...others } = filter;
  const asked: AgreementFilter = settled ? { ...others, q: settled } : others;
  const list = useAgreements(asked);
  const isSupervisor = useHasRole("supervisor");
  const { data: inbox, error: inboxError, refetch: refetchInbox } = useApprovalInbox(isSupervisor);
  const { data: waiting } = useWaitingPayments();
  const { tenant, user } = useMember();
  const everything = [["agreements"], ["approval-inbox"], ["payment-queue"]];
  useLiveQueries(`tenant:${tenant.id}`, everything, () => everything);
  // A single client's change goes to its own topic; what waits for this person also rings their bell.
  useLiveQueries(`user:${user.id}`, [], () => everything);
  const go = (next: AgreementFilter): void => navigate(`/acordos?${filterToUrl(next).toString()}`, { replace: true });
  const rows = list.data?.pages.flatMap((page) => page.rows);
  return (
    <div className={classes.page}>
      <h1>Acordos</h1>
      <TabLinks
        label="Seções de acordos"
        links={[
          { href: "/acordos", label: "Acordos" },
          { href: "/acordos/pagamentos", label: "Pagamentos a decidir", count: waiting },
        ]}
      />
      {inboxError && <ErrorState error={inboxError} onRetry={() => void refetchInbox()} />}
      {inbox && inbox.count > 0 && <ApprovalInbox rows={inbox.rows} total={inbox.count} />}
      <AgreementFilters filter={asked} search={search} onSearch={setSearch} onChange={go} />
      <Totals total={list.data?.pages[0]?.total} />
      {list.error && !rows && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {rows && rows.length === 0 && (
        <EmptyState title="Nenhum acordo aqui">
          Um acordo nasce no atendimento: abra um cliente e tecle Alt+S para negociar.
        </EmptyState>
      )}
      {rows && rows.length > 0 && <AgreementsTable rows={rows} />}
      <ShowMore of={list} look="page" />
    </div>
  );
}

function Totals({ total }: { total: Page["total"] | undefined }): ReactNode {
  if (!total) return <Skeleton width={320} height={16} />;
  return (
    <p className={classes.totals} aria-live="polite">
      <span>
        <strong className="num">{count(total.agreements)}</strong> {total.agreements === 1 ? "acordo" : "acordos"}
      </span>
      <span>
        <strong className="num">{money(total.total_cents)}</strong> negociado
      </span>
      <span>
        <strong className="num">{money(total.paid_cents)}</strong> pago
      </span>
      <span>
        <strong className="num">{money(total.open_cents)}</strong> a receber
      </span>
      <span>
        <strong className="num">{money(total.overdue_cents)}</strong> em atraso
      </span>
    </p>
  );
}
