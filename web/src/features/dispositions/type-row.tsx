import { ActionIcon, Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Tag } from "@/ui/tag";
import classes from "./dispositions.module.css";
import type { DispositionRow, UsingRule } from "./queries";
import { Face } from "./type-form";
import { meanings } from "./words";

interface TypeRowProps {
  type: DispositionRow;
  rules: UsingRule[];
  busy: boolean;
  /** Null at either end. */
  onUp: (() => void) | null;
  onDown: (() => void) | null;
  onEdit: () => void;
  onDelete: () => void;
}

export function TypeRow({ type, rules, busy, onUp, onDown, onEdit, onDelete }: TypeRowProps): ReactNode {
  const isHeld = rules.some(({ is_enabled }) => is_enabled);
  const means = meanings.filter(({ field }) => type[field]).map(({ short }) => short);
  return (
    <li className={classes.row} data-retired={!type.is_active || undefined}>
      <div className={classes.moves}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Subir ${type.label}`}
          disabled={busy || !onUp}
          onClick={onUp ?? undefined}
        >
          <IconArrowUp size={16} />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Descer ${type.label}`}
          disabled={busy || !onDown}
          onClick={onDown ?? undefined}
        >
          <IconArrowDown size={16} />
        </ActionIcon>
      </div>
      <div className={classes.what}>
        <p className={classes.head}>
          <Face color={type.color} hotkey={type.hotkey} label={type.label} />
          {!type.is_active && <Tag>fora da tela</Tag>}
        </p>
        <p className={classes.note}>{means.length > 0 ? means.join(" · ") : "ninguém atendeu"}</p>
        {rules.length > 0 && (
          <p className={classes.note}>
            Usado por{" "}
            {rules.map(({ name, is_enabled }) => `${name} (${is_enabled ? "ligada" : "desligada"})`).join(", ")}
          </p>
        )}
      </div>
      <div className={classes.buttons}>
        <Button size="compact-sm" variant="default" aria-label={`Alterar ${type.label}`} onClick={onEdit}>
          Alterar
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          disabled={busy || isHeld}
          aria-label={`Excluir ${type.label}`}
          title={isHeld ? "Uma regra ligada usa este resultado" : undefined}
          onClick={onDelete}
        >
          Excluir
        </Button>
      </div>
    </li>
  );
}
