import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { breakName } from "@/lib/breaks";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useAltKey } from "@/ui/alt-key";
import { Key, Tag } from "@/ui/tag";
import classes from "./calls.module.css";
import { endBreak } from "./presence";
import type { Standing } from "./shapes";

/** A pause is in sight on every page until somebody comes back from it: a forgotten one is hours that nobody worked. */
export function PauseLine({ standing }: { standing: Standing }): ReactNode {
  const queryClient = useQueryClient();
  const back = useMutation({ mutationFn: () => endBreak(queryClient) });
  useAltKey("KeyP", () => back.mutate());
  return (
    <div className={classes.away}>
      <span role="status">
        <Tag tone="warn">Em pausa</Tag> {breakName(standing.reason)}, desde {moment(standing.since)}.
      </span>
      <Button size="compact-xs" loading={back.isPending} onClick={() => back.mutate()}>
        Voltar da pausa&nbsp;<Key>Alt+P</Key>
      </Button>
      {back.error && <span role="alert">{sentenceFor(back.error)}</span>}
    </div>
  );
}
