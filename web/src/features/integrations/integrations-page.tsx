import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { SettingsTabs } from "@/ui/settings-tabs";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { IntegrationCard } from "./integration-card";
import classes from "./integrations.module.css";
import { useIntegrations } from "./queries";

/** Every provider there is: its form, its keys, and whether it is heard of. */
export function IntegrationsPage(): ReactNode {
  useDocumentTitle("Integrações");
  const isAdmin = useHasRole("admin");
  if (!isAdmin)
    return (
      <EmptyState title="Só administradores mudam as configurações">
        Peça a quem administra a sua assessoria.
      </EmptyState>
    );
  return <Integrations />;
}

function Integrations(): ReactNode {
  const { data, error, refetch } = useIntegrations();
  return (
    <div className={classes.page}>
      <h1>Configurações</h1>
      <SettingsTabs />
      <p className={classes.lead}>
        As chaves entram, ficam no cofre e não voltam para a tela. Tudo o que muda aqui fica na auditoria, sem as
        chaves.
      </p>
      {!data && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />)}
      <div className={classes.columns}>
        {data?.map((integration) => (
          <IntegrationCard key={integration.provider} integration={integration} />
        ))}
      </div>
    </div>
  );
}
