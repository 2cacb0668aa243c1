import { IconPhone, IconPhoneOff } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { callDuration } from "@/lib/calls";
import { localTime, now } from "@/lib/clock";
import { phone } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import classes from "./calls.module.css";
import { agentStateKey, openCallsKey } from "./queries";
import type { OpenCall } from "./shapes";

const tickMs = 1_000;
/** The call this screen is about: since when, on which number; over, it waits for its outcome. */
export function CurrentCall({ call }: { call: OpenCall }): ReactNode {
  const refetch = [openCallsKey, agentStateKey];
  useLiveQueries(call.client_id ? `client:${call.client_id}` : `call:${call.id}`, [], (event) =>
    event === "call_changed" || event === "disposition_changed" ? refetch : [],
  );
  const number = call.phone ? phone(call.phone) : "número desconhecido";
  if (call.ended_at)
    return (
      <p className={classes.now} data-over>
        <IconPhoneOff size={16} stroke={1.8} aria-hidden />
        <span>
          Ligação com <span className="num">{number}</span> encerrada às {localTime(new Date(call.ended_at))}: falta a
          tabulação.
        </span>
      </p>
    );
  return (
    <p className={classes.now}>
      <IconPhone size={16} stroke={1.8} aria-hidden />
      <span>
        Em ligação com <span className="num">{number}</span>
        {call.campaign && `, ${call.campaign}`}
      </span>
      <Elapsed since={call.connected_at ?? call.called_at} />
    </p>
  );
}

function Elapsed({ since }: { since: string }): ReactNode {
  const [at, setAt] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <strong className="num" role="timer" aria-label="Duração da ligação">
      {callDuration((at.getTime() - Date.parse(since)) / tickMs)}
    </strong>
  );
}
