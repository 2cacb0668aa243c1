import { Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCoffee, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { endBreak, takeBreak, useStanding } from "@/features/calls/presence";
import { breakCodes, breakWords } from "@/lib/breaks";
import { sentenceFor } from "@/lib/errors";

/** The own pause, in the person's menu. One that was not taken, or not ended, says so when the menu is closed already. */
export function PauseItems(): ReactNode {
  const queryClient = useQueryClient();
  const { data: standing } = useStanding();
  const move = useMutation({
    mutationFn: (code: string | null) => (code ? takeBreak(queryClient, code) : endBreak(queryClient)),
    onError: (error, code) =>
      notifications.show({
        title: code ? "A pausa não começou" : "A pausa continua",
        message: sentenceFor(error),
        color: "red",
      }),
  });
  const choices = standing?.state === "paused" ? [null] : breakCodes;
  return (
    <>
      <Menu.Label>Pausa</Menu.Label>
      {choices.map((code) => (
        <Menu.Item
          key={code}
          leftSection={code ? <IconCoffee size={16} /> : <IconPlayerPlay size={16} />}
          onClick={() => move.mutate(code)}
        >
          {code ? breakWords[code] : "Voltar da pausa"}
        </Menu.Item>
      ))}
      <Menu.Divider />
    </>
  );
}
