import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { localDate } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useMember } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import { EmptyState } from "@/ui/states";
import classes from "./agenda.module.css";
import { CallbackRow } from "./callback-row";
import { MoveDialog } from "./move-dialog";
import { type Change, useChange } from "./queries";
import { leaveRow, type RowAction, readKey } from "./row-keys";
import type { Callback } from "./shapes";
import { dayTitle } from "./words";

interface Group {
  title: string;
  rows: Callback[];
}

/** Overdue first, then day by day: the order they come in. */
function groupsOf(rows: Callback[]): Group[] {
  const groups: Group[] = [];
  for (const row of rows) {
    const title = row.is_overdue ? "Atrasados" : dayTitle(localDate(new Date(row.due_at)));
    const last = groups.at(-1);
    if (last?.title === title) last.rows.push(row);
    else groups.push({ title, rows: [row] });
  }
  return groups;
}

const outcomes: Record<Change["kind"], (name: string) => string> = {
  complete: (name) => `Retorno de ${name} concluído.`,
  cancel: (name) => `Retorno de ${name} cancelado.`,
  move: (name) => `Retorno de ${name} remarcado.`,
  assign: (name) => `O retorno de ${name} agora é seu.`,
};

export function CallbackList({ rows }: { rows: Callback[] }): ReactNode {
  const { user } = useMember();
  const list = useRef<HTMLDivElement>(null);
  const [asking, setAsking] = useState<{ action: "move" | "cancel"; callback: Callback } | null>(null);
  const [outcome, setOutcome] = useState("");
  const { mutateAsync: change, isPending, variables, error } = useChange();
  const told = (kind: Change["kind"], { client }: Callback): void => setOutcome(outcomes[kind](client.name));
  const left = useRef<Callback | null>(null);
  const focusLeft = (): void =>
    list.current?.querySelector<HTMLElement>(`[data-callback-link="${left.current?.id}"]`)?.focus();
  const close = (): void => {
    left.current = asking?.callback ?? null;
    setAsking(null);
    // The dialog gives the focus back to what opened it, which a letter never was.
    requestAnimationFrame(focusLeft);
  };
  // A moved row is built anew under its other day and takes the focus along, but from nobody else.
  useLayoutEffect(() => {
    const moved = left.current && rows.find(({ id }) => id === left.current?.id);
    if (!moved || moved.due_at === left.current?.due_at) return;
    if (document.activeElement === document.body) focusLeft();
    left.current = null;
  });
  const act = (action: RowAction, callback: Callback): void => {
    setOutcome("");
    if (!callback.may_change) return;
    if (action === "move" || action === "cancel") {
      setAsking({ action, callback });
      return;
    }
    if (action === "complete" && list.current) leaveRow(list.current, callback.id);
    const wanted: Change =
      action === "complete"
        ? { kind: "complete", id: callback.id }
        : { kind: "assign", id: callback.id, userId: user.id };
    // A refusal is shown from the mutation's own state.
    change(wanted).then(
      () => told(wanted.kind, callback),
      () => setOutcome(""),
    );
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of its rows, each a link, bubble up to here
    <div
      ref={list}
      className={classes.groups}
      onKeyDown={(event) => {
        const read = readKey(event);
        const callback = read && rows.find(({ id }) => id === read.callbackId);
        if (read && callback) act(read.action, callback);
      }}
    >
      <p role="status" className={classes.outcome}>
        {outcome}
      </p>
      {error && !asking && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      {rows.length === 0 && (
        <EmptyState title="Nenhum retorno marcado aqui">
          No atendimento, tecle 4 e escolha o horário: o retorno aparece nesta lista e avisa na hora.
        </EmptyState>
      )}
      {groupsOf(rows).map(({ title, rows: listed }) => (
        <section key={title} aria-label={title} className={classes.group}>
          <h2>{title}</h2>
          <ul>
            {listed.map((callback) => (
              <CallbackRow
                key={callback.id}
                callback={callback}
                isBusy={isPending && variables?.id === callback.id}
                onAction={act}
              />
            ))}
          </ul>
        </section>
      ))}
      {asking?.action === "move" && (
        <MoveDialog
          callback={asking.callback}
          onDone={() => {
            told("move", asking.callback);
            close();
          }}
          onClose={close}
        />
      )}
      {asking?.action === "cancel" && (
        <AskDialog
          title={`Cancelar o retorno de ${asking.callback.client.name}`}
          action="Cancelar retorno"
          danger
          run={({ reason }) => change({ kind: "cancel", id: asking.callback.id, reason })}
          onDone={() => told("cancel", asking.callback)}
          onClose={close}
        >
          <p>Ninguém vai ligar na hora combinada. O motivo fica registrado.</p>
        </AskDialog>
      )}
    </div>
  );
}
