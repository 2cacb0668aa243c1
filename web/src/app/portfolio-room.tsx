import { lazy, type ReactNode, useMemo } from "react";
import { useLocation } from "wouter";
import { keepDraft } from "@/features/broadcast/draft";
import { ImportButton } from "@/features/imports/import-button";
import { type Doors, DoorsContext } from "@/features/portfolio/doors";
import { PortfolioPage } from "@/features/portfolio/portfolio-page";

const DialerForm = lazy(async () => ({ default: (await import("@/features/dialer/export-form")).ExportForm }));

/** The carteira with what may be done to a selection in other rooms. */
export function PortfolioRoom(): ReactNode {
  const [, navigate] = useLocation();
  const doors = useMemo<Doors>(
    () => ({ DialerForm, composeMessage: (selection) => navigate(`/disparos/novo/${keepDraft(selection)}`) }),
    [navigate],
  );
  return (
    <DoorsContext value={doors}>
      <PortfolioPage importing={<ImportButton />} />
    </DoorsContext>
  );
}
