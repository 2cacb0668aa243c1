import { Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileImport } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useSearchParams } from "wouter";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { EmptyState, ErrorState } from "@/ui/states";
import { filterFromUrl, filterToUrl } from "./filter-url";
import { PortfolioFilters } from "./portfolio-filters";
import classes from "./portfolio-page.module.css";
import { PortfolioTable } from "./portfolio-table";
import { type PortfolioFilter, usePortfolio } from "./queries";
import { TotalBar } from "./total-bar";
import { useKeptScroll } from "./use-kept-scroll";

const ImportDialog = lazy(() => import("./import-dialog").then((m) => ({ default: m.ImportDialog })));

/** A fast typist's pause between two keys; without it a query per letter would be asked for nothing. */
const typingPauseMs = 180;

export function PortfolioPage(): ReactNode {
  useDocumentTitle("Carteira");
  const [params, setParams] = useSearchParams();
  const filter = filterFromUrl(params);
  const [typed] = useDebouncedValue(filter.q, typingPauseMs);
  const portfolio = usePortfolio({ ...filter, ...(typed === undefined ? {} : { q: typed }) });
  const { tenant } = useMember();
  const mayImport = useHasRole("supervisor");
  const [importing, setImporting] = useState(false);
  const bodyRef = useKeptScroll(`${params.toString()}`, portfolio.data !== undefined);
  useLiveQueries(`tenant:${tenant.id}`, [], (event) =>
    event === "import_changed" || event === "client_changed" ? [["portfolio"], ["creditors"]] : [],
  );
  const changeFilter = (next: PortfolioFilter): void => setParams(filterToUrl(next), { replace: true });
  const pages = portfolio.data?.pages;
  const rows = pages?.flatMap((page) => page.rows);
  const filtered = params.toString() !== "";
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Carteira</h1>
        {mayImport && (
          <Button leftSection={<IconFileImport size={16} />} onClick={() => setImporting(true)}>
            Importar carteira
          </Button>
        )}
      </header>
      <PortfolioFilters search={params.get("busca") ?? ""} filter={filter} onChange={changeFilter} />
      <TotalBar total={pages?.[0]?.total ?? undefined} fetching={portfolio.isPlaceholderData} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      <section className={classes.body} ref={bodyRef} tabIndex={0} aria-label="Clientes">
        {portfolio.error && !rows ? (
          <ErrorState error={portfolio.error} onRetry={() => void portfolio.refetch()} />
        ) : rows?.length === 0 ? (
          <NoRows filtered={filtered} mayImport={mayImport} onClear={() => changeFilter({})} />
        ) : (
          <PortfolioTable
            rows={rows}
            stale={portfolio.isPlaceholderData}
            hasMore={portfolio.hasNextPage}
            loadingMore={portfolio.isFetchingNextPage}
            onMore={() => void portfolio.fetchNextPage()}
          />
        )}
      </section>
      {importing && (
        <Suspense fallback={null}>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </div>
  );
}

interface NoRowsProps {
  filtered: boolean;
  mayImport: boolean;
  onClear: () => void;
}

function NoRows({ filtered, mayImport, onClear }: NoRowsProps): ReactNode {
  if (filtered)
    return (
      <EmptyState
        title="Ninguém corresponde a este filtro"
        action={
          <Button variant="default" onClick={onClear}>
            Limpar filtro
          </Button>
        }
      >
        Procure por nome, CPF ou CNPJ, telefone ou contrato, inteiros ou só o começo.
      </EmptyState>
    );
  return (
    <EmptyState title="A carteira está vazia">
      {mayImport
        ? "Importe um arquivo CSV de um credor para começar."
        : "Assim que um supervisor importar uma carteira, os clientes aparecem aqui."}
    </EmptyState>
  );
}
