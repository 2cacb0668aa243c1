import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import type { Names } from "@/lib/rule-names";
import { deedOf, type RuleAction } from "@/lib/rule-words";
import { ActionFields } from "./action-fields";
import classes from "./editor.module.css";
import { stepOf } from "./new-rule";
import type { Step } from "./shapes";
import { SpanField } from "./span-field";
import { capital } from "./words";

const actions: RuleAction[] = [
  "send_template",
  "create_charge",
  "send_to_dialer",
  "leave_dialer",
  "schedule_callback",
  "remind_operator",
  "notify_supervisor",
  "quarantine_phone",
  "tag",
  "assign",
];

interface StepFieldsProps {
  step: Step;
  isFirst: boolean;
  isLast: boolean;
  names: Names | undefined;
  onChange: (step: Step) => void;
}

/** A month: what came before it is forgotten by then. */
const maxWait = 43_200;

export function StepFields({ step, isFirst, isLast, names, onChange }: StepFieldsProps): ReactNode {
  return (
    <>
      <NativeSelect
        label="Ação"
        value={step.action}
        onChange={(event) => onChange(stepOf(event.currentTarget.value as RuleAction, step))}
        data={actions.map((action) => ({ value: action, label: capital(deedOf(action)) }))}
      />
      <SpanField
        label={isFirst ? "Esperar antes" : "Esperar depois do passo anterior"}
        minutes={step.wait_minutes}
        max={maxWait}
        onChange={(wait_minutes) => onChange({ ...step, wait_minutes: wait_minutes ?? 0 })}
      />
      <ActionFields step={step} names={names} onChange={onChange} />
      {!isLast && (
        <label className={classes.check}>
          <input
            type="checkbox"
            checked={step.goes_on}
            onChange={(event) => onChange({ ...step, goes_on: event.currentTarget.checked })}
          />
          Se este passo não puder ser feito, segue para o próximo
        </label>
      )}
    </>
  );
}
