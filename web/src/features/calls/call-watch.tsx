import { IconPhoneIncoming } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { moment } from "@/lib/clock";
import { phone } from "@/lib/format";
import { type ChangePayload, useTopic } from "@/lib/realtime";
import { useMember } from "@/lib/session";
import { isAt, placeOf } from "./call-place";
import classes from "./calls.module.css";
import { CurrentCall } from "./current-call";
import { PauseLine } from "./pause-line";
import { usePresence } from "./presence";
import { agentStateKey, fetchOpenCalls, openCallsKey, useOpenCalls } from "./queries";
import { SeatControl } from "./seat-control";
import { useUnfinished } from "./unfinished";

interface Connected extends ChangePayload {
  call_id?: string;
  tenant_id?: string;
}

interface CallWatchProps {
  /** Asks for what a path's page shows, so that it opens without waiting. */
  prepare: (path: string) => void;
}

/** The dialer's desk: how the agent stands, the call of this screen, and what waits. A call that has just reached this operator
 * opens its screen; with another one still open, or anything half done on this page, it only says so: nothing is ever taken away. */
export function CallWatch({ prepare }: CallWatchProps): ReactNode {
  const { user, tenant, seat } = useMember();
  const [path, navigate] = useLocation();
  const queryClient = useQueryClient();
  const isUnfinished = useUnfinished(path);
  const { data: calls } = useOpenCalls();
  const standing = usePresence();
  useTopic(`user:${user.id}`, {
    onJoined: () => void queryClient.invalidateQueries({ queryKey: openCallsKey }),
    onChange: (event, payload) => {
      // Without an answer nobody is taken anywhere; the call is announced as soon as there is one.
      if (event === "call_connected")
        greet(payload).catch(() => queryClient.invalidateQueries({ queryKey: openCallsKey }));
    },
  });
  useEffect(() => {
    // What was disposed of on the page just left is open no more.
    if (path) void queryClient.invalidateQueries({ queryKey: openCallsKey });
  }, [path, queryClient]);
  const greet = async (told: Connected): Promise<void> => {
    if (told.tenant_id !== tenant.id || !told.call_id) return;
    // Asked beside the question whether it may open, not after it.
    prepare(placeOf({ id: told.call_id, client_id: told.client_id ?? null }));
    void queryClient.invalidateQueries({ queryKey: agentStateKey });
    const open = await queryClient.fetchQuery({ queryKey: openCallsKey, queryFn: fetchOpenCalls, staleTime: 0 });
    const isBusy = open.some((call) => call.id !== told.call_id && path === placeOf(call));
    const fresh = open.find(({ id }) => id === told.call_id);
    // Asked last: what was typed while the question travelled counts.
    if (!isBusy && fresh && !isUnfinished()) navigate(placeOf(fresh));
  };
  const here = calls?.find((call) => isAt(path, call));
  const waiting = calls?.filter((call) => !isAt(path, call)) ?? [];
  const [next] = waiting;
  // A pause at the dialer has its way back beside the agent.
  const pause = !seat && standing?.state === "paused" ? standing : null;
  if (!seat && !here && !next && !pause) return null;
  return (
    <section className={classes.desk} aria-label="Ligações">
      {seat && <SeatControl />}
      {pause && <PauseLine standing={pause} />}
      {here && <CurrentCall call={here} />}
      {next && (
        <p role="status" className={classes.call}>
          <IconPhoneIncoming size={16} stroke={1.8} aria-hidden />
          <span>
            {next.ended_at ? "Ligação sem tabulação: " : here ? "Outra ligação: " : "Ligação em andamento: "}
            <strong>{next.client ?? (next.phone ? phone(next.phone) : "número desconhecido")}</strong>,{" "}
            {moment(next.called_at)}.
          </span>
          <Link href={placeOf(next)}>Abrir atendimento</Link>
          {waiting.length > 1 && <span>Mais {waiting.length - 1} esperando.</span>}
        </p>
      )}
    </section>
  );
}
