import type { ReactNode } from "react";
import { FailuresPage } from "@/features/failures/failures-page";
import { kinds, useFailureCounts } from "@/features/failures/queries";
import { useHasRole } from "@/lib/session";
import { TabLinks } from "@/ui/tab-links";

/** The rooms of what runs by itself. Failures are a supervisor's. */
function AutomationTabs(): ReactNode {
  const maySee = useHasRole("supervisor");
  const { data: counts } = useFailureCounts(maySee);
  const failed = counts && kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
  const links = [
    { href: "/automacao", label: "Regras" },
    { href: "/automacao/execucoes", label: "Execuções" },
    ...(maySee ? [{ href: "/automacao/falhas", label: "Falhas", count: failed }] : []),
  ];
  return <TabLinks label="Seções da automação" links={links} />;
}

export function FailuresRoom(): ReactNode {
  return <FailuresPage tabs={<AutomationTabs />} />;
}
