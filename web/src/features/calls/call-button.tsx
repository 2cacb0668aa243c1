import { IconPhoneOutgoing } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { phone as formatPhone } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { useMember } from "@/lib/session";
import { useAltKey } from "@/ui/alt-key";
import { Key } from "@/ui/tag";
import classes from "./calls.module.css";
import { agentStateKey, askAgent, openCallsKey } from "./queries";

interface CallButtonProps {
  phone: string;
  clientId: string;
  /** The number that Alt+C calls. */
  isFirst: boolean;
}

/** What the database refused is told with its reason; it refuses again whatever this button believes. */
function refusal(error: Error): string {
  const sentence = sentenceFor(error);
  if (!(error instanceof AppError) || error.code !== "contact_not_allowed") return sentence;
  return `${sentence.replace(/\.$/, "")}: ${reasonSentence(error.detail)}.`;
}

/** Rings this operator's extension, then the debtor: only for who sits at an agent of the dialer. */
export function CallButton({ phone, clientId, isFirst }: CallButtonProps): ReactNode {
  const { seat } = useMember();
  const queryClient = useQueryClient();
  const call = useMutation({
    mutationFn: () => askAgent({ action: "call", phone, client_id: clientId }),
    onSettled: () =>
      Promise.all([agentStateKey, openCallsKey].map((queryKey) => queryClient.invalidateQueries({ queryKey }))),
  });
  const may = Boolean(seat?.can_call) && !call.isPending;
  useAltKey("KeyC", () => {
    if (isFirst && may) call.mutate();
  });
  if (!seat?.can_call) return null;
  return (
    <>
      <button type="button" className={classes.dial} disabled={!may} onClick={() => call.mutate()}>
        <IconPhoneOutgoing size={13} stroke={1.8} aria-hidden />
        {call.isPending ? "Chamando…" : "Ligar"}
        <span className="hidden-visually"> para {formatPhone(phone)}</span>
        {isFirst && <Key>Alt+C</Key>}
      </button>
      {call.error && (
        <span role="alert" className={classes.refusal}>
          {refusal(call.error)}
        </span>
      )}
      {call.isSuccess && (
        <span role="status" className={classes.faint}>
          Seu ramal vai tocar.
        </span>
      )}
    </>
  );
}
