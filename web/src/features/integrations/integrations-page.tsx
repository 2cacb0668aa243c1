import type { ReactNode } from "react";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { IntegrationCard } from "./integration-card";
import classes from "./integrations.module.css";
import { useIntegrations } from "./queries";

/** Every provider there is: its form, its keys, and whether it is heard of. */
export function IntegrationsPage(): ReactNode {
  return (
    <SettingsRoom title="Integrações" room="integrations">
      <Integrations />
    </SettingsRoom>
  );
}

function Integrations(): ReactNode {
  const { data, error, refetch } = useIntegrations();
  return (
    <>
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
    </>
  );
}
