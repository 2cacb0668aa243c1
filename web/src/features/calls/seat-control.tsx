import { Button, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useAltKey } from "@/ui/alt-key";
import { Key, Tag, type Tone } from "@/ui/tag";
import "@/ui/menu-styles";
import classes from "./calls.module.css";
import { takeBreak, tellStanding } from "./presence";
import { type AgentAction, agentStateKey, askAgent, useAgentState, useBreaks } from "./queries";
import type { AgentState } from "./shapes";

const stateWords: Record<AgentState, [words: string, tone: Tone]> = {
  idle: ["Livre no discador", "good"],
  on_call: ["Em ligação", "accent"],
  wrap_up: ["Pós-ligação", "busy"],
  manual: ["Modo manual", "busy"],
  paused: ["Em pausa", "warn"],
  offline: ["Fora do discador", "neutral"],
  unknown: ["Situação desconhecida", "neutral"],
};

/** Characters of a pause's name that are kept; the dialer's may be longer. */
const longestName = 60;

/** How the agent stands is always asked of the dialer, never remembered here: after a reload the way out of a pause is still there. */
export function SeatControl(): ReactNode {
  const { data: state, error, dataUpdatedAt } = useAgentState();
  const [choosing, setChoosing] = useState(false);
  const breaks = useBreaks(choosing);
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: async ({ name, ...asked }: AgentAction & { name?: string }) => {
      await askAgent(asked);
      if (name) await takeBreak(queryClient, [...name].slice(0, longestName).join(""), true);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: agentStateKey }),
  });
  // One that does not arrive is followed by the next answer's; why there is none, the state itself says.
  const { mutate: tell } = useMutation({ mutationFn: (told: AgentState) => tellStanding(queryClient, told) });
  useEffect(() => {
    // Each answer is told, the same one too: it is a sign of life.
    if (state && dataUpdatedAt) tell(state);
  }, [state, dataUpdatedAt, tell]);
  const resume = (): void => act.mutate({ action: "resume" });
  const mayPause = state !== undefined && state !== "paused" && state !== "offline";
  useAltKey("KeyP", () => {
    if (state === "paused") resume();
    else if (mayPause) setChoosing(true);
  });
  const [words, tone] = stateWords[state ?? "unknown"];
  const problem = act.error ?? breaks.error ?? error;
  return (
    <div className={classes.seat}>
      {state && (
        <span role="status">
          <Tag tone={tone}>{words}</Tag>
        </span>
      )}
      {(state === "paused" || state === "unknown") && (
        <Button size="compact-xs" loading={act.isPending} onClick={resume}>
          Voltar da pausa&nbsp;<Key>Alt+P</Key>
        </Button>
      )}
      {mayPause && (
        <Menu
          opened={choosing}
          onChange={setChoosing}
          position="bottom-start"
          withinPortal
          transitionProps={{ duration: 0 }}
        >
          <Menu.Target>
            <Button size="compact-xs" variant="default" loading={act.isPending}>
              Pausar&nbsp;<Key>Alt+P</Key>
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              {breaks.data?.length === 0 ? "O discador não tem motivos de pausa" : "Motivo da pausa"}
            </Menu.Label>
            {breaks.data?.map(({ id, name }) => (
              <Menu.Item key={id} onClick={() => act.mutate({ action: "pause", interval_id: id, name })}>
                {name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {problem && <span role="alert">{sentenceFor(problem)}</span>}
    </div>
  );
}
