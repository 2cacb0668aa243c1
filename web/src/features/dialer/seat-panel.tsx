import { NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import classes from "./dialer.module.css";
import { overviewKey, saveSeat, useCampaigns, useOperators } from "./queries";
import type { Overview } from "./shapes";

/** Which operator sits at which agent: without it no screen opens by itself. */
export function SeatPanel({ seats }: { seats: Overview["agents"] }): ReactNode {
  const { data: live } = useCampaigns();
  const { data: operators } = useOperators();
  const mayChange = useHasRole("admin");
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: saveSeat,
    onSettled: () => queryClient.invalidateQueries({ queryKey: overviewKey }),
  });
  return (
    <Panel title="Operadores e agentes">
      <div className={classes.form}>
        <p className={classes.faint}>A tela de atendimento abre sozinha para o operador ligado ao agente.</p>
        {live?.agents.map((agent) => (
          <NativeSelect
            key={agent.id}
            label={`${agent.name}${agent.extension ? `, ramal ${agent.extension}` : ""}`}
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
        {save.error && <p role="alert">{sentenceFor(save.error)}</p>}
        {!mayChange && <p className={classes.faint}>Quem muda os lugares é um administrador.</p>}
      </div>
    </Panel>
  );
}
