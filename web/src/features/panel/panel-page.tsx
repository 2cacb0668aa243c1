import { type ReactNode, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { localDate, now } from "@/lib/clock";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { BehindDialog } from "./behind-dialog";
import { CohortsPanel } from "./cohorts-panel";
import { filterFromUrl, filterToUrl, periodBefore } from "./filter-url";
import { KpiSection } from "./kpi-section";
import { LiveBoard } from "./live-board";
import classes from "./panel.module.css";
import { PanelFilters } from "./panel-filters";
import { useCards, useNumbers } from "./queries";
import type { Card, Figure, PanelFilter, Section } from "./shapes";
import { SplitTable } from "./split-table";
import { StockPanel } from "./stock-panel";

const sections: Section[] = ["money", "agreement", "contact", "hours", "portfolio", "cost", "law"];

/** A number, and for whom and when it was asked. */
interface Asked {
  card: Card;
  figure: Figure | undefined;
  filter: PanelFilter;
}

/** What is going on, what came of it, and behind every number its rows. */
export function PanelPage(): ReactNode {
  useDocumentTitle("Painel");
  const [, navigate] = useLocation();
  const maySee = useHasRole("supervisor");
  const filter = filterFromUrl(new URLSearchParams(useSearch()), localDate(now()));
  const cards = useCards(maySee);
  const whole = useNumbers(filter, "", maySee);
  const days = useNumbers(filter, "day", maySee);
  const before = useNumbers(periodBefore(filter), "", maySee);
  const [open, setOpen] = useState<Asked | null>(null);
  if (!maySee)
    return <EmptyState title="O painel é do supervisor">Seus retornos e promessas estão na agenda.</EmptyState>;
  const error = cards.error ?? whole.error;
  const known = cards.data;
  const group = whole.data?.groups[0];
  const retry = (): void => {
    void cards.refetch();
    void whole.refetch();
  };
  return (
    <div className={classes.page}>
      <h1>
        Painel{" "}
        {whole.data?.is_partial && <Tag title="O período inclui o dia de hoje, que ainda não terminou.">parcial</Tag>}
      </h1>
      <LiveBoard cards={known} onOpen={(card, figure, scope) => setOpen({ card, figure, filter: scope })} />
      <PanelFilters
        filter={filter}
        onChange={(next) => navigate(`/painel?${filterToUrl(next).toString()}`, { replace: true })}
      />
      {error && <ErrorState error={error} onRetry={retry} />}
      {!known || !group ? (
        !error && <PageSkeleton />
      ) : (
        <>
          {sections.map((section) => (
            <KpiSection
              key={section}
              section={section}
              cards={known}
              whole={group}
              before={before.isPlaceholderData ? undefined : before.data?.groups[0]}
              days={days.data?.groups ?? []}
              filter={filter}
              onOpen={(card) => setOpen({ card, figure: group.kpis[card.code], filter })}
            />
          ))}
          <StockPanel filter={filter} />
          <CohortsPanel filter={filter} />
          <SplitTable
            cards={known}
            filter={filter}
            onOpen={(card, figure, scope) => setOpen({ card, figure, filter: scope })}
          />
        </>
      )}
      {open && <BehindDialog {...open} onClose={() => setOpen(null)} />}
    </div>
  );
}
