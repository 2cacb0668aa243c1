import { type ReactNode, useState } from "react";
import { Redirect, useSearch } from "wouter";
import { RulePage } from "@/features/automation/rule-page";
import { RulesPage } from "@/features/automation/rules-page";
import { RunsPage } from "@/features/automation/runs-page";
import { FailuresPage } from "@/features/failures/failures-page";
import { kinds, useFailureCounts } from "@/features/failures/queries";
import { ConditionsDialog } from "@/features/portfolio/conditions-dialog";
import { useHasRole } from "@/lib/session";
import { TabLinks } from "@/ui/tab-links";

/** The rooms of what runs by itself. Rules and failures are the supervisors'. */
function AutomationTabs(): ReactNode {
  const maySee = useHasRole("supervisor");
  const { data: counts } = useFailureCounts(maySee);
  const failed = counts && kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
  if (!maySee) return null;
  const links = [
    { href: "/automacao", label: "Regras" },
    { href: "/automacao/execucoes", label: "Execuções" },
    { href: "/automacao/falhas", label: "Falhas", count: failed },
  ];
  return <TabLinks label="Seções da automação" links={links} />;
}

export function RulesRoom(): ReactNode {
  return <RulesPage tabs={<AutomationTabs />} />;
}

export function RunsRoom(): ReactNode {
  return <RunsPage tabs={<AutomationTabs />} />;
}

export function FailuresRoom(): ReactNode {
  return <FailuresPage tabs={<AutomationTabs />} />;
}

export function RuleRoom({ ruleId }: { ruleId: string }): ReactNode {
  const isNew = new URLSearchParams(useSearch()).has("nova");
  return <RulePage ruleId={ruleId} isNew={isNew} Conditions={ConditionsDialog} />;
}

/** The id is the page's own, so that whatever is pressed twice is one rule. */
export function NewRuleRoom(): ReactNode {
  const [ruleId] = useState(() => crypto.randomUUID());
  return <Redirect to={`/automacao/regras/${ruleId}?nova=1`} replace />;
}
