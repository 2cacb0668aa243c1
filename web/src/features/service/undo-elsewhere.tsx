import { type ReactNode, useEffect } from "react";
import { useLocation } from "wouter";
import { now } from "@/lib/clock";
import classes from "./undo.module.css";
import { UndoButton } from "./undo-button";
import { changeUndo, type Undoable, useUndoable } from "./undo-store";
import { useIsPending } from "./use-pending";
import { useUndo } from "./use-undo";

/** The usual window, for what was sent after its page was left: the database decides in any case. */
const usualWindowMs = 10_000;

/** The person has gone on to the next client, and the last one's outcome was the wrong key. */
export function UndoElsewhere(): ReactNode {
  const [path] = useLocation();
  const undoable = useUndoable();
  if (!undoable || path === `/atendimento/${undoable.clientId}`) return null;
  return <Elsewhere key={undoable.id} undoable={undoable} />;
}

function Elsewhere({ undoable }: { undoable: Undoable }): ReactNode {
  const { id, until, state } = undoable;
  const isPending = useIsPending(id);
  const hasLeft = until === null && state === "open" && !isPending;
  useEffect(() => {
    if (hasLeft) changeUndo(id, { until: now().getTime() + usualWindowMs });
  }, [hasLeft, id]);
  const undo = useUndo(undoable);
  if (!undo.isOpen && state === "open") return null;
  return (
    <div className={classes.elsewhere}>
      <UndoButton undoable={undoable} undo={undo} namesClient />
    </div>
  );
}
