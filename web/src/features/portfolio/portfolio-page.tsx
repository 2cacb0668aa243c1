import { useDebouncedValue, useThrottledCallback } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useSearchParams } from "wouter";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { ErrorState } from "@/ui/states";
import { DenseSwitch } from "./dense-switch";
import { type PortfolioFilter, type Sort, withKey } from "./filter";
import { FilterPanel } from "./filter-panel";
import { filterFromUrl, filterToUrl, sortFromUrl } from "./filter-url";
import { NoRows } from "./no-rows";
import { PortfolioFilters } from "./portfolio-filters";
import classes from "./portfolio-page.module.css";
import { PortfolioTable } from "./portfolio-table";
import { usePortfolio } from "./queries";
import { SegmentsMenu } from "./segments-menu";
import { everybody, isNobody, nobody, toSelection } from "./selection";
import { SelectionBar } from "./selection-bar";
import { TotalBar } from "./total-bar";
import { useKeptScroll } from "./use-kept-scroll";
import { useRemembered } from "./use-remembered";
import { useSelection } from "./use-selection";

/** A fast typist's pause between two keys; without it a query per letter would be asked for nothing. */
const typingPauseMs = 180;

/** An import tells its progress twice a second; list, totals and counts of a million people are dearer than that. */
const importPauseMs = 5_000;

const lists = [["portfolio"], ["portfolio-totals"], ["portfolio-counts"], ["filter-options"]];

export function PortfolioPage({ importing }: { importing: ReactNode }): ReactNode {
  useDocumentTitle("Carteira");
  const [params, setParams] = useSearchParams();
  const filter = filterFromUrl(params);
  const sort = sortFromUrl(params);
  const [typed] = useDebouncedValue(filter.q, typingPauseMs);
  const asked = withKey(filter, "q", typed);
  const portfolio = usePortfolio(asked, sort);
  const { tenant } = useMember();
  const maySelect = useHasRole("supervisor");
  const [chosen, choose] = useSelection(filterToUrl(filter).toString());
  const [dense, setDense] = useRemembered("cobranca.dense");
  const [panelOpen, setPanelOpen] = useState(false);
  const bodyRef = useKeptScroll(params.toString(), portfolio.data !== undefined);
  const queryClient = useQueryClient();
  const showImported = useThrottledCallback(() => {
    for (const queryKey of lists) void queryClient.invalidateQueries({ queryKey });
  }, importPauseMs);
  useLiveQueries(`tenant:${tenant.id}`, lists, (event) => {
    if (event === "import_changed") showImported();
    return event === "client_changed" ? lists : [];
  });
  const show = (next: PortfolioFilter, order: Sort = sort): void =>
    setParams(filterToUrl(next, order), { replace: true });
  const rows = portfolio.data?.pages.flatMap((page) => page.rows);
  const selection = toSelection(isNobody(chosen) ? everybody : chosen, asked);
  const failed = portfolio.error && (!rows || portfolio.isPlaceholderData);
  return (
    <div className={classes.page} data-dense={dense || undefined}>
      <header className={classes.head}>
        <h1>Carteira</h1>
        <div className={classes.tools}>
          <DenseSwitch dense={dense} onChange={setDense} />
          {importing}
        </div>
      </header>
      <PortfolioFilters
        search={params.get("busca") ?? ""}
        filter={filter}
        counted={asked}
        onChange={show}
        panelOpen={panelOpen}
        onPanel={setPanelOpen}
        segments={<SegmentsMenu filter={filter} sort={sort} onOpen={(segment) => show(segment.filter, segment.sort)} />}
      />
      <div className={classes.bar}>
        <TotalBar selection={selection} chosen={!isNobody(chosen)} />
        {maySelect && !isNobody(chosen) && <SelectionBar selection={selection} onClear={() => choose(nobody)} />}
      </div>
      <div className={classes.content} data-panel={panelOpen || undefined}>
        {panelOpen && <FilterPanel counted={asked} filter={filter} onChange={show} />}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
        <section className={classes.body} ref={bodyRef} tabIndex={0} aria-label="Clientes">
          {failed ? (
            <ErrorState error={portfolio.error} onRetry={() => void portfolio.refetch()} />
          ) : rows?.length === 0 ? (
            <NoRows filtered={Object.keys(filter).length > 0} onClear={() => show({})} />
          ) : (
            <PortfolioTable
              rows={rows}
              dense={dense}
              stale={portfolio.isPlaceholderData}
              hasMore={portfolio.hasNextPage}
              loadingMore={portfolio.isFetchingNextPage}
              onMore={() => void portfolio.fetchNextPage()}
              sort={sort}
              onSort={(order) => show(filter, order)}
              chosen={maySelect ? chosen : null}
              onChoose={choose}
            />
          )}
        </section>
      </div>
    </div>
  );
}
