import { IconArrowBackUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Key } from "@/ui/tag";
import classes from "./undo.module.css";
import type { Undoable } from "./undo-store";
import type { Undo } from "./use-undo";

interface UndoButtonProps {
  undoable: Undoable;
  undo: Undo;
  /** Says whose it was: the person is on another page now. */
  namesClient?: boolean;
}

export function UndoButton({ undoable, undo, namesClient = false }: UndoButtonProps): ReactNode {
  const { label, clientName, state, until } = undoable;
  const what = namesClient ? `${label}, ${clientName}` : label;
  if (state === "undone")
    return (
      <p role="status" className={classes.told}>
        Desfeita: {what}
      </p>
    );
  if (state === "failed")
    return (
      <p role="alert" className={classes.refused}>
        {undo.refusal}
      </p>
    );
  return (
    <button
      type="button"
      className={classes.undo}
      onClick={undo.press}
      disabled={state === "undoing"}
      aria-label={namesClient ? `Desfazer ${what}` : "Desfazer a tabulação"}
      aria-keyshortcuts="Control+Z"
    >
      <IconArrowBackUp size={16} aria-hidden />
      <span>Desfazer</span>
      {namesClient && <span className={classes.what}>{what}</span>}
      {/* Every second anew: for the eyes alone. */}
      <span className={classes.seconds} aria-hidden>
        {state === "undoing" ? "desfazendo…" : until === null ? "ainda não saiu" : `${undo.seconds ?? 0} s`}
      </span>
      <Key>Ctrl+Z</Key>
    </button>
  );
}
