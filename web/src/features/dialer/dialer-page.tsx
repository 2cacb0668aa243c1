import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { CampaignPanel } from "./campaign-panel";
import classes from "./dialer.module.css";
import { ExportCard } from "./export-card";
import { HealthPanel } from "./health-panel";
import { overviewKey, useOverview } from "./queries";
import { SeatPanel } from "./seat-panel";
import { WordPanel } from "./word-panel";

/** Campaigns, lists, what was sent and what came of it, who sits where, and whether the dialer still talks to us. */
export function DialerPage(): ReactNode {
  useDocumentTitle("Discador");
  const { tenant } = useMember();
  const maySee = useHasRole("supervisor");
  const { data: overview, error, refetch } = useOverview();
  const [campaign, setCampaign] = useState<number | null>(null);
  useLiveQueries(`tenant:${tenant.id}`, [overviewKey], (event) =>
    event === "dialer_export_changed" ? [overviewKey] : [],
  );
  if (!maySee)
    return (
      <EmptyState title="O discador é do supervisor">Suas ligações abrem sozinhas na tela de atendimento.</EmptyState>
    );
  if (!overview) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  return (
    <div className={classes.page}>
      <h1>Discador</h1>
      {!overview.connected && (
        <EmptyState title="O 3C Plus ainda não está conectado">
          Um administrador conecta o discador nas configurações, com o endereço da empresa e o token de serviço.
        </EmptyState>
      )}
      {overview.health && <HealthPanel health={overview.health} />}
      <Panel title="Envios" aside={plural(overview.exports.length, "envio", "envios")}>
        {overview.exports.length === 0 ? (
          <p className={classes.note}>
            Selecione pessoas na carteira e escolha <strong>Discador</strong>: o resultado aparece aqui, pessoa por
            pessoa.
          </p>
        ) : (
          <ul className={classes.list} aria-label="Envios ao discador">
            {overview.exports.map((each) => (
              <ExportCard key={each.id} sent={each} />
            ))}
          </ul>
        )}
      </Panel>
      {overview.connected && (
        <>
          <CampaignPanel chosen={campaign} onChoose={setCampaign} />
          <div className={classes.pair}>
            <WordPanel />
            <SeatPanel seats={overview.agents} />
          </div>
        </>
      )}
    </div>
  );
}
