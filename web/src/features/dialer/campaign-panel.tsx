import { Select } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { count } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Skeleton } from "@/ui/states";
import classes from "./dialer.module.css";
import { useCampaign, useCampaigns } from "./queries";
import type { CampaignList } from "./shapes";

function progressOf({ total, completed }: CampaignList): string {
  return total ? `${Math.floor((100 * Math.min(completed ?? 0, total)) / total)} %` : "vazia";
}

interface CampaignPanelProps {
  chosen: number | null;
  onChoose: (id: number | null) => void;
}

/** Read from the dialer at this moment; nothing of it is kept here. */
export function CampaignPanel({ chosen, onChoose }: CampaignPanelProps): ReactNode {
  const { data, error } = useCampaigns();
  const room = useCampaign(chosen);
  const campaign = data?.campaigns.find(({ id }) => id === chosen);
  const problem = error ?? room.error;
  return (
    <Panel title="Campanhas e listas">
      <div className={classes.form}>
        {problem && <p role="alert">{sentenceFor(problem)}</p>}
        {!data && !error && <Skeleton width="100%" height={36} />}
        {data && (
          <Select
            label="Campanha"
            data={data.campaigns.map(({ id, name, paused }) => ({
              value: String(id),
              label: paused ? `${name} (pausada)` : name,
            }))}
            value={chosen === null ? null : String(chosen)}
            onChange={(value) => onChoose(value === null ? null : Number(value))}
          />
        )}
        {campaign?.start_time && (
          <p className={classes.faint}>
            O discador liga das {campaign.start_time} às {campaign.end_time}.
          </p>
        )}
        {room.data?.lists.length === 0 && <p className={classes.faint}>Esta campanha ainda não tem listas.</p>}
        {room.data && room.data.lists.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard reaches what the edge hides
          <section className={classes.scroll} tabIndex={0} aria-label="Tabela de listas">
            <table className={classes.table}>
              <caption>Listas da campanha</caption>
              <thead>
                <tr>
                  <th scope="col">Lista</th>
                  <th scope="col">Peso</th>
                  <th scope="col">Contatos</th>
                  <th scope="col">Discados</th>
                  <th scope="col">Atendidos</th>
                  <th scope="col">Abandonados</th>
                  <th scope="col">Progresso</th>
                </tr>
              </thead>
              <tbody>
                {room.data.lists.map((list) => (
                  <tr key={list.id}>
                    <th scope="row">{list.name}</th>
                    <td>{list.weight === 0 ? "0, não disca" : list.weight}</td>
                    <td>{count(list.total ?? 0)}</td>
                    <td>{count(list.dialed ?? 0)}</td>
                    <td>{count(list.answered ?? 0)}</td>
                    <td>{count(list.abandoned ?? 0)}</td>
                    <td>{progressOf(list)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
      </div>
    </Panel>
  );
}
