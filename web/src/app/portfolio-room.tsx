import { lazy, type ReactNode } from "react";
import { ImportButton } from "@/features/imports/import-button";
import { DoorsContext } from "@/features/portfolio/doors";
import { PortfolioPage } from "@/features/portfolio/portfolio-page";

const DialerForm = lazy(async () => ({ default: (await import("@/features/dialer/export-form")).ExportForm }));
const doors = { DialerForm };

/** The carteira with what may be done to a selection in other rooms. */
export function PortfolioRoom(): ReactNode {
  return (
    <DoorsContext value={doors}>
      <PortfolioPage importing={<ImportButton />} />
    </DoorsContext>
  );
}
