import { type ReactNode, Suspense, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { keepDraft } from "@/features/broadcast/draft";
import { ImportButton } from "@/features/imports/import-button";
import { type Doors, DoorsContext } from "@/features/portfolio/doors";
import { PortfolioPage } from "@/features/portfolio/portfolio-page";
import { afterPaint, onDemand } from "@/lib/later";
import { useHasRole } from "@/lib/session";

const FirstSteps = afterPaint(
  () => import("@/features/beginning/first-steps"),
  (m) => m.FirstSteps,
);
const DialerForm = onDemand(
  () => import("@/features/dialer/export-form"),
  (m) => m.ExportForm,
);

/** The carteira with what may be done to a selection in other rooms. */
export function PortfolioRoom(): ReactNode {
  const isAdmin = useHasRole("admin");
  const [, navigate] = useLocation();
  const [importing, setImporting] = useState(false);
  const doors = useMemo<Doors>(
    () => ({ DialerForm, composeMessage: (selection) => navigate(`/disparos/novo/${keepDraft(selection)}`) }),
    [navigate],
  );
  return (
    <DoorsContext value={doors}>
      {isAdmin && (
        <Suspense fallback={null}>
          <FirstSteps onImport={() => setImporting(true)} />
        </Suspense>
      )}
      <PortfolioPage importing={<ImportButton importing={importing} setImporting={setImporting} />} />
    </DoorsContext>
  );
}
