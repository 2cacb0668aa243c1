import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./editor.module.css";
import { NumberField } from "./number-field";
import type { Definition } from "./shapes";

interface LimitFieldsProps {
  rule: Definition;
  onChange: (part: Partial<Definition>) => void;
}

export function LimitFields({ rule, onChange }: LimitFieldsProps): ReactNode {
  return (
    <div className={classes.body}>
      <div className={classes.grid}>
        <TextInput
          type="time"
          label="A partir das"
          value={rule.opens?.slice(0, 5) ?? ""}
          onChange={(event) => onChange({ opens: event.currentTarget.value || null })}
        />
        <TextInput
          type="time"
          label="Até as"
          value={rule.closes?.slice(0, 5) ?? ""}
          onChange={(event) => onChange({ closes: event.currentTarget.value || null })}
        />
        <NumberField
          label="Máximo por dia"
          empty="sem limite"
          min={1}
          max={1_000_000}
          value={rule.daily_cap}
          onChange={(daily_cap) => onChange({ daily_cap })}
        />
        <NumberField
          label="Uma vez por cliente a cada (dias)"
          empty="sempre"
          min={1}
          max={365}
          value={rule.repeat_days}
          onChange={(repeat_days) => onChange({ repeat_days })}
        />
        <NumberField
          label="Prioridade (menor primeiro)"
          min={1}
          max={999}
          value={rule.priority}
          onChange={(priority) => priority !== null && onChange({ priority })}
        />
      </div>
      <p className={classes.note}>
        O horário da lei, o descadastro e o limite de tentativas valem sempre, por cima destes.
      </p>
    </div>
  );
}
