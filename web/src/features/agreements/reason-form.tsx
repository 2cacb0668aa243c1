import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import classes from "./agreements.module.css";

interface ReasonFormProps {
  label: string;
  action: string;
  isPending: boolean;
  onCancel: () => void;
  onSubmit: (reason: string) => void;
  children?: ReactNode;
}

export function ReasonForm({ label, action, isPending, onCancel, onSubmit, children }: ReasonFormProps): ReactNode {
  const [reason, setReason] = useState("");
  return (
    <form
      className={classes.reason}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) onSubmit(reason.trim());
      }}
    >
      <TextInput
        label={label}
        description="Até 500 caracteres."
        value={reason}
        maxLength={500}
        ref={(input) => input?.focus({ preventScroll: true })}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {children}
      <Button type="submit" color="red" loading={isPending} disabled={!reason.trim()}>
        {action}
      </Button>
      <Button variant="default" onClick={onCancel}>
        Voltar
      </Button>
    </form>
  );
}
