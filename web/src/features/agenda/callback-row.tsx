import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { localTime, moment } from "@/lib/clock";
import { money, phone } from "@/lib/format";
import { Key, Tag } from "@/ui/tag";
import classes from "./agenda.module.css";
import type { RowAction } from "./row-keys";
import type { Callback } from "./shapes";
import { lawfulWords } from "./words";

interface CallbackRowProps {
  callback: Callback;
  isBusy: boolean;
  onAction: (action: RowAction, callback: Callback) => void;
}

export function CallbackRow({ callback, isBusy, onAction }: CallbackRowProps): ReactNode {
  const { client, window: hours, note, due_at, is_overdue, is_mine, may_change } = callback;
  const lawful = lawfulWords(hours);
  return (
    <li className={classes.row} data-overdue={is_overdue || undefined}>
      <time dateTime={due_at} className={classes.time}>
        {is_overdue ? moment(due_at) : localTime(new Date(due_at))}
        {is_overdue && <span className={classes.late}>atrasado</span>}
      </time>
      <div className={classes.who}>
        <Link href={`/atendimento/${client.id}`} data-callback-link={callback.id}>
          {client.name}
        </Link>
        {note && <p>{note}</p>}
        <p className={classes.faint}>
          {[
            client.creditor,
            client.open_cents > 0 ? `${money(client.open_cents)} em aberto` : "nada em aberto",
            client.phone && phone(client.phone),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      <div className={classes.state}>
        <Tag tone={lawful.tone}>{lawful.text}</Tag>
        <p className={classes.faint}>
          {ownerWords(callback)}
          {callback.made_by && `; marcado por ${callback.made_by} ${moment(callback.made_at)}`}
        </p>
        {callback.in_service && <p className={classes.serving}>{callback.in_service} está atendendo agora</p>}
      </div>
      <div className={classes.actions}>
        {may_change ? (
          <>
            <Action
              label="Feito"
              letter="C"
              of={client.name}
              disabled={isBusy}
              run={() => onAction("complete", callback)}
            />
            <Action
              label="Remarcar"
              letter="R"
              of={client.name}
              disabled={isBusy}
              run={() => onAction("move", callback)}
            />
            <Action
              label="Cancelar"
              letter="X"
              of={client.name}
              disabled={isBusy}
              run={() => onAction("cancel", callback)}
            />
            {!is_mine && (
              <Action
                label="Assumir"
                letter="T"
                of={client.name}
                disabled={isBusy}
                run={() => onAction("take", callback)}
              />
            )}
          </>
        ) : (
          <span className={classes.faint}>Só {callback.operator?.name} ou a supervisão muda</span>
        )}
      </div>
    </li>
  );
}

function ownerWords({ is_mine, operator, released_from }: Callback): string {
  if (is_mine) return "Seu";
  if (operator) return `De ${operator.name}`;
  return released_from ? `De quem puder (era de ${released_from})` : "De quem puder";
}

interface ActionProps {
  label: string;
  letter: string;
  of: string;
  disabled: boolean;
  run: () => void;
}

function Action({ label, letter, of, disabled, run }: ActionProps): ReactNode {
  return (
    <Button
      size="compact-xs"
      variant="default"
      disabled={disabled}
      aria-label={`${label}: ${of}`}
      aria-keyshortcuts={letter.toLowerCase()}
      onClick={run}
    >
      {label}&nbsp;
      <span className={classes.letter} aria-hidden>
        <Key>{letter}</Key>
      </span>
    </Button>
  );
}
