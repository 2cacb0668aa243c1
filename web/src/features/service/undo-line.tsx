import { type ReactNode, useEffect } from "react";
import { now } from "@/lib/clock";
import { useMember } from "@/lib/session";
import type { DispositionItem, TimelineItem } from "@/lib/timeline";
import type { PendingDisposition } from "./pending-store";
import type { DispositionType } from "./queries";
import classes from "./undo.module.css";
import { UndoButton } from "./undo-button";
import { offerUndo, type Undoable, useUndoable, withdrawUndo } from "./undo-store";
import { useSecondsUntil, useUndo } from "./use-undo";

interface UndoLineProps {
  client: { id: string; name: string };
  items: TimelineItem[] | undefined;
  unconfirmed: PendingDisposition[];
  types: DispositionType[];
  onUndone: (notes: string) => void;
}

/** What may still be taken back on this screen: one's own with the way to do it, somebody else's as a fact. */
export function UndoLine({ client, items, unconfirmed, types, onUndone }: UndoLineProps): ReactNode {
  const { tenant } = useMember();
  const newest = items?.find((item): item is DispositionItem => item.kind === "disposition");
  const waiting = unconfirmed.findLast(({ refusedBy, isUndone }) => !refusedBy && !isUndone);
  const readUntil = newest?.undo_until ? Date.parse(newest.undo_until) : 0;
  // What was read some seconds ago says still that it was open.
  const openUntil = readUntil > now().getTime() ? readUntil : null;
  const othersSeconds = useSecondsUntil(newest && !newest.is_mine ? openUntil : null);
  const seen = waiting
    ? { id: waiting.id, label: labelOf(types, waiting.type), notes: waiting.notes, until: null }
    : newest?.is_mine && openUntil !== null
      ? { id: newest.id, label: newest.label, notes: newest.notes ?? "", until: openUntil }
      : null;
  const { id, label, notes, until } = seen ?? {};
  useEffect(() => {
    if (!id || !label || notes === undefined || until === undefined) return;
    offerUndo({ id, label, notes, until, clientId: client.id, clientName: client.name, tenantId: tenant.id });
  }, [id, label, notes, until, client.id, client.name, tenant.id]);
  // Taken back in another window, or its consequences have begun.
  const known = useUndoable();
  const closed = newest && openUntil === null && known?.id === newest.id && known.state === "open" ? newest.id : null;
  useEffect(() => {
    if (closed) withdrawUndo(closed);
  }, [closed]);
  const mine: Undoable | null = known?.clientId === client.id ? known : null;
  const undo = useUndo(mine, (undone) => onUndone(undone.notes));
  if (mine && (undo.isOpen || mine.state !== "open"))
    return (
      <div className={classes.line}>
        <UndoButton undoable={mine} undo={undo} />
      </div>
    );
  if (!newest || othersSeconds === null) return null;
  return (
    <p className={classes.others}>
      {newest.actor ?? "Outra pessoa"} tabulou {newest.label} e ainda pode desfazer{" "}
      <b aria-hidden>({othersSeconds} s)</b>
    </p>
  );
}

function labelOf(types: DispositionType[], key: string): string {
  return types.find((type) => type.key === key)?.label ?? key;
}
