import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, Redirect, useSearch } from "wouter";
import { useLiveQueries } from "@/lib/live-queries";
import { useNames } from "@/lib/rule-names";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import classes from "./automation.module.css";
import { rulesKey, usePolicy, useRules } from "./queries";
import { RuleRow } from "./rule-row";
import { StopSwitches } from "./stop-switches";

/** The rules, whether they are on, and what they did today. */
export function RulesPage({ tabs }: { tabs?: ReactNode }): ReactNode {
  useDocumentTitle("Automação");
  const { tenant } = useMember();
  const maySee = useHasRole("supervisor");
  const search = useSearch();
  const { data: rules, error, refetch } = useRules(maySee);
  const { data: policy } = usePolicy();
  const names = useNames();
  useLiveQueries(`tenant:${tenant.id}`, [rulesKey], (event) => (event === "automation_changed" ? [rulesKey] : []));
  // Where the runs used to be: old links and notices lead there.
  if (new URLSearchParams(search).has("situacao")) return <Redirect to={`/automacao/execucoes?${search}`} replace />;
  if (!maySee)
    return (
      <EmptyState title="As regras são da supervisão">
        O que elas fazem com um cliente aparece na linha do tempo dele.
      </EmptyState>
    );
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <h1>Automação</h1>
        <NewRule />
      </div>
      {tabs}
      {policy && <StopSwitches policy={policy} />}
      {!rules && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />)}
      {rules?.length === 0 && (
        <EmptyState title="Nenhuma regra ainda">
          Uma regra faz sozinha o que você faria depois de uma tabulação ou perto de um vencimento.
        </EmptyState>
      )}
      {rules && rules.length > 0 && (
        <Panel title="Regras">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Ligada</th>
                <th scope="col">Regra</th>
                <th scope="col" className={classes.number}>
                  Feitas hoje
                </th>
                <th scope="col" className={classes.number}>
                  Puladas
                </th>
                <th scope="col" className={classes.number}>
                  Falharam
                </th>
                <th scope="col">Última execução</th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <RuleRow key={rule.id} rule={rule} names={names} undoSeconds={policy?.undo_seconds ?? 0} />
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </div>
  );
}

function NewRule(): ReactNode {
  const mayEdit = useHasRole("admin");
  if (!mayEdit) return null;
  return (
    <Button component={Link} href="/automacao/nova" size="compact-md" leftSection={<IconPlus size={15} />}>
      Nova regra
    </Button>
  );
}
