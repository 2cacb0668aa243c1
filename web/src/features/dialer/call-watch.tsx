import { IconPhoneIncoming } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { moment } from "@/lib/clock";
import { type ChangePayload, useTopic } from "@/lib/realtime";
import { useMember } from "@/lib/session";
import classes from "./dialer.module.css";
import { fetchOpenCalls, openCallsKey, useOpenCalls } from "./queries";
import type { OpenCall } from "./shapes";

interface Connected extends ChangePayload {
  call_id?: string;
  tenant_id?: string;
}

export function placeOf(call: Pick<OpenCall, "id" | "client_id">): string {
  return call.client_id ? `/atendimento/${call.client_id}` : `/atendimento?ligacao=${call.id}`;
}

/** Opens the screen of a call that has just reached this operator; with another one still open, or a dialog, it only says so:
 * nothing half written is ever taken away. */
export function CallWatch(): ReactNode {
  const { user, tenant } = useMember();
  const [path, navigate] = useLocation();
  const queryClient = useQueryClient();
  const { data: calls } = useOpenCalls();
  useTopic(`user:${user.id}`, {
    onJoined: () => void queryClient.invalidateQueries({ queryKey: openCallsKey }),
    onChange: (event, payload) => {
      if (event === "call_connected") void greet(payload);
    },
  });
  useEffect(() => {
    // What was disposed of on the page just left is open no more.
    if (path) void queryClient.invalidateQueries({ queryKey: openCallsKey });
  }, [path, queryClient]);
  const greet = async (told: Connected): Promise<void> => {
    if (told.tenant_id !== tenant.id || !told.call_id) return;
    const isFree = !document.querySelector('[role="dialog"]');
    const open = await queryClient.fetchQuery({ queryKey: openCallsKey, queryFn: fetchOpenCalls, staleTime: 0 });
    const isBusy = open.some((call) => call.id !== told.call_id && path === placeOf(call));
    const fresh = open.find(({ id }) => id === told.call_id);
    if (isFree && !isBusy && fresh) navigate(placeOf(fresh));
  };
  const waiting = calls?.filter((call) => path !== (call.client_id ? placeOf(call) : "/atendimento"));
  const next = waiting?.[0];
  if (!next) return null;
  return (
    <p role="status" className={classes.call}>
      <IconPhoneIncoming size={16} stroke={1.8} aria-hidden />
      <span>
        {next.ended_at ? "Ligação sem tabulação: " : "Ligação em andamento: "}
        <strong>{next.client ?? next.phone ?? "número desconhecido"}</strong>, {moment(next.called_at)}.
      </span>
      <Link href={placeOf(next)}>Abrir atendimento</Link>
      {waiting.length > 1 && <span>Mais {waiting.length - 1} esperando.</span>}
    </p>
  );
}
