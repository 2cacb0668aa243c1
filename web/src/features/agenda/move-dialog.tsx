import { Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { CallbackForm } from "@/ui/callback-form/callback-form";
import "@/ui/dialog-styles";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./agenda.module.css";
import { useChange, useHours } from "./queries";
import type { Callback } from "./shapes";

interface MoveDialogProps {
  callback: Callback;
  onDone: () => void;
  onClose: () => void;
}

/** Another moment for a promised call: only lawful ones can be chosen, and SQL asks again. */
export function MoveDialog({ callback, onDone, onClose }: MoveDialogProps): ReactNode {
  const { data: hours, error, refetch } = useHours(callback.id);
  const { mutateAsync: change } = useChange();
  const [refusal, setRefusal] = useState<unknown>(null);
  const move = async (dueAt: string): Promise<void> => {
    setRefusal(null);
    try {
      await change({ kind: "move", id: callback.id, dueAt });
      onDone();
    } catch (cause) {
      setRefusal(cause);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Remarcar ${callback.client.name}`}
      transitionProps={{ duration: 0 }}
      // A moment half chosen is not lost to a click beside it.
      closeOnClickOutside={false}
    >
      <p className={classes.faint}>Estava para {moment(callback.due_at)}.</p>
      {!hours &&
        (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton width="100%" height={120} />)}
      {hours && (
        <CallbackForm
          contact={{ hours, reason: callback.window.reason ?? null }}
          action="Remarcar retorno"
          onSave={(at) => void move(at)}
          onCancel={onClose}
        />
      )}
      {refusal !== null && (
        <p role="alert" className={classes.error}>
          {sentenceFor(refusal)}
        </p>
      )}
    </Modal>
  );
}
