import { Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import classes from "@/ui/ask-dialog.module.css";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";

/** As the database takes it. */
const longestReason = 500;

export interface Asked {
  reason: string;
  /** Business date, "" when none was asked for or given. */
  day: string;
}

interface AskDialogProps {
  title: string;
  /** What will happen, before it does. */
  children?: ReactNode;
  action: string;
  danger?: boolean;
  dayLabel?: string;
  dayRequired?: boolean;
  minDay?: string;
  reasonLabel?: string;
  run: (asked: Asked) => Promise<unknown>;
  onDone?: () => unknown;
  onClose: () => void;
}

/** One decision with its reason; a refusal is told where it was asked. */
export function AskDialog(props: AskDialogProps): ReactNode {
  const { title, children, action, danger, dayLabel, dayRequired, minDay, reasonLabel = "Motivo" } = props;
  const [reason, setReason] = useState("");
  const [day, setDay] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => props.run({ reason: reason.trim(), day }),
    onSuccess: async () => {
      await props.onDone?.();
      props.onClose();
    },
  });
  return (
    <Modal opened onClose={props.onClose} title={title} transitionProps={{ duration: 0 }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        {children}
        {dayLabel && (
          <TextInput
            type="date"
            label={dayLabel}
            required={dayRequired ?? false}
            min={minDay}
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
          />
        )}
        <TextInput
          label={reasonLabel}
          description={`Até ${longestReason} caracteres.`}
          required
          maxLength={longestReason}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <FormEnd
          error={error}
          back="Voltar"
          onBack={props.onClose}
          action={action}
          danger={danger}
          busy={isPending}
          disabled={!reason.trim() || Boolean(dayRequired && !day)}
        />
      </form>
    </Modal>
  );
}
