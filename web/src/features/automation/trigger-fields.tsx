import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Names } from "@/lib/rule-names";
import classes from "./editor.module.css";
import { withTrigger } from "./new-rule";
import { NumberField } from "./number-field";
import type { Definition, Trigger } from "./shapes";
import { capital, eventNames, meaningNames, triggerNames } from "./words";

interface TriggerFieldsProps {
  rule: Definition;
  /** The first thing that is asked of a rule. */
  isNew?: boolean;
  names: Names | undefined;
  onChange: (rule: Definition) => void;
}

export function TriggerFields({ rule, isNew = false, names, onChange }: TriggerFieldsProps): ReactNode {
  return (
    <div className={classes.body}>
      <TextInput
        label="Nome da regra"
        required
        autoFocus={isNew}
        maxLength={120}
        value={rule.name}
        onChange={(event) => onChange({ ...rule, name: event.currentTarget.value })}
      />
      <NativeSelect
        label="Gatilho"
        value={rule.trigger}
        onChange={(event) => onChange(withTrigger(rule, event.currentTarget.value as Trigger))}
        data={Object.entries(triggerNames).map(([value, label]) => ({ value, label }))}
      />
      <Which rule={rule} names={names} onChange={onChange} />
    </div>
  );
}

const meaningPrefix = "meaning:";

function Which({ rule, names, onChange }: TriggerFieldsProps): ReactNode {
  switch (rule.trigger) {
    case "disposition":
      return (
        <NativeSelect
          label="Qual tabulação"
          value={rule.disposition_meaning ? meaningPrefix + rule.disposition_meaning : (rule.disposition_type ?? "")}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            const isMeaning = chosen.startsWith(meaningPrefix);
            onChange({
              ...rule,
              disposition_type: isMeaning ? null : chosen || null,
              disposition_meaning: isMeaning ? chosen.slice(meaningPrefix.length) : null,
            });
          }}
          data={[
            { value: "", label: "Escolha" },
            {
              group: "Pelo nome",
              items: names?.dispositions.map(({ key, label }) => ({ value: key, label })) ?? [],
            },
            {
              group: "Pelo que significa",
              items: Object.entries(meaningNames).map(([key, label]) => ({
                value: meaningPrefix + key,
                label: capital(label),
              })),
            },
          ]}
        />
      );
    case "debt_due":
    case "installment_due":
      return <Days rule={rule} onChange={onChange} />;
    case "agreement_event":
    case "payment_event":
      return (
        <NativeSelect
          label="O que aconteceu"
          value={rule.event ?? ""}
          onChange={(event) => onChange({ ...rule, event: event.currentTarget.value })}
          data={Object.entries(eventNames[rule.trigger]).map(([value, label]) => ({ value, label }))}
        />
      );
    default:
      return null;
  }
}

/** Five years, when a title prescribes, and a month before. */
const maxAfter = 1_825;
const maxBefore = 30;

function Days({ rule, onChange }: Omit<TriggerFieldsProps, "names">): ReactNode {
  const offset = rule.day_offset ?? 0;
  const side = offset < 0 ? "before" : "after";
  return (
    <div className={classes.row}>
      <NumberField
        label="Dias"
        value={Math.abs(offset)}
        min={0}
        max={side === "before" ? maxBefore : maxAfter}
        onChange={(days) => onChange({ ...rule, day_offset: side === "before" ? -(days ?? 0) : (days ?? 0) })}
      />
      <NativeSelect
        label="Do vencimento"
        value={side}
        onChange={(event) => {
          const days = Math.min(Math.abs(offset) || 1, maxBefore);
          onChange({ ...rule, day_offset: event.currentTarget.value === "before" ? -days : Math.abs(offset) });
        }}
        data={[
          { value: "before", label: "antes do vencimento" },
          { value: "after", label: "depois do vencimento (0 é no dia)" },
        ]}
      />
    </div>
  );
}
