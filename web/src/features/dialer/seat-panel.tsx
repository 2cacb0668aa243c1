import { NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./dialer.module.css";
import { overviewKey, saveSeat, useCampaigns, useOperators } from "./queries";
import type { Overview } from "./shapes";

/** Which operator sits at which agent: without it no screen opens by itself. */
export function SeatPanel({ seats }: { seats: Overview["agents"] }): ReactNode {
  const { data: live, error } = useCampaigns();
  const { data: operators } = useOperators();
  const mayChange = useHasRole("admin");
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: saveSeat,
    onSettled: () => queryClient.invalidateQueries({ queryKey: overviewKey }),
  });
  const empty = live?.agents.filter(({ id }) => !seats.some(({ agent_id: seated }) => seated === id)).length ?? 0;
  const gone = live ? seats.filter(({ agent_id: seated }) => !live.agents.some(({ id }) => id === seated)) : [];
  return (
    <Panel
      title="Operadores e agentes"
      aside={empty > 0 && <Tag tone="warn">{plural(empty, "agente sem operador", "agentes sem operador")}</Tag>}
    >
      <div className={classes.form}>
        <p className={classes.faint}>A tela de atendimento abre sozinha para o operador ligado ao agente.</p>
        {(save.error ?? error) && <p role="alert">{sentenceFor(save.error ?? error)}</p>}
        {!live && !error && <Skeleton width="100%" height={80} />}
        {live?.agents.length === 0 && <p className={classes.faint}>O discador ainda não tem agentes.</p>}
        {live?.agents.map((agent) => (
          <NativeSelect
            key={agent.id}
            label={`${agent.name}${agent.extension ? `, ramal ${agent.extension}` : ", sem ramal: não liga por aqui"}`}
            disabled={!mayChange || save.isPending}
            value={seats.find(({ agent_id: id }) => id === agent.id)?.user_id ?? ""}
            onChange={(event) =>
              save.mutate({
                agentId: agent.id,
                agentName: agent.name,
                extension: String(agent.extension ?? ""),
                userId: event.currentTarget.value,
              })
            }
            data={[
              { value: "", label: "ninguém" },
              ...(operators ?? []).map(({ user_id: value, display_name: label }) => ({ value, label })),
            ]}
          />
        ))}
        {/* Also when the dialer does not answer: who sits where is ours to know. */}
        {(live ? gone : seats).map((seat) => (
          <p key={seat.id}>
            {seat.operator ?? "Alguém que saiu"} está no agente {seat.agent_name ?? seat.agent_id}
            {live && ", que o discador não tem mais"}.
          </p>
        ))}
        {!mayChange && <p className={classes.faint}>Quem muda os lugares é um administrador.</p>}
      </div>
    </Panel>
  );
}
