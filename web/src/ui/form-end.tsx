import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "@/ui/ask-dialog.module.css";

interface FormEndProps {
  error: unknown;
  /** The way out without doing it. */
  back?: string;
  onBack: () => void;
  action: string;
  danger?: boolean | undefined;
  busy: boolean;
  disabled?: boolean;
}

/** The end of a dialog's form: why it was refused, the way back, and the deed. */
export function FormEnd(props: FormEndProps): ReactNode {
  const { error, back = "Cancelar", onBack, action, danger = false, busy, disabled = false } = props;
  return (
    <>
      {error != null && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onBack}>
          {back}
        </Button>
        <Button type="submit" {...(danger && { color: "red" })} loading={busy} disabled={disabled}>
          {action}
        </Button>
      </div>
    </>
  );
}
