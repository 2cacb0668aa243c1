import { Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { moment } from "@/lib/clock";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import classes from "./calls.module.css";
import { beginService, endService, signOfLifeMs, takeOver } from "./queries";

/** Holds the client while the screen is open, and says who else has it. It warns; work goes on either way. */
export function ServiceLock({ clientId }: { clientId: string }): ReactNode {
  const key = ["in-service", clientId];
  const [asking, setAsking] = useState(false);
  const isSupervisor = useHasRole("supervisor");
  const queryClient = useQueryClient();
  const { data: service } = useQuery({
    queryKey: key,
    queryFn: () => beginService(clientId),
    refetchInterval: signOfLifeMs,
    refetchIntervalInBackground: true,
  });
  useLiveQueries(`client:${clientId}`, [], (event) => (event === "service_changed" ? [key] : []));
  useEffect(
    () => () => {
      void endService(clientId);
    },
    [clientId],
  );
  if (!service || service.is_mine) return null;
  return (
    <div role="status" className={classes.lock}>
      <IconLock size={16} stroke={1.8} aria-hidden />
      <span>
        <strong>{service.operator}</strong> está atendendo este cliente desde {moment(service.since)}.
      </span>
      {isSupervisor && (
        <Button size="compact-xs" variant="default" onClick={() => setAsking(true)}>
          Assumir atendimento
        </Button>
      )}
      {asking && (
        <AskDialog
          title="Assumir atendimento"
          action="Assumir"
          run={({ reason }) => takeOver(clientId, reason)}
          onDone={() => queryClient.invalidateQueries({ queryKey: key })}
          onClose={() => setAsking(false)}
        >
          <p>{service.operator} será avisado na tela. O motivo fica na auditoria.</p>
        </AskDialog>
      )}
    </div>
  );
}
