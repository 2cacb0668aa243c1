import { ActionIcon, Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Names } from "@/lib/rule-names";
import classes from "./editor.module.css";
import { newStep } from "./new-rule";
import type { Definition, Step } from "./shapes";
import { StepFields } from "./step-fields";

interface StepListProps {
  rule: Definition;
  names: Names | undefined;
  onChange: (steps: Step[]) => void;
}

/** What follows one event and is still understood by who reads it. */
const maxSteps = 8;

export function StepList({ rule, names, onChange }: StepListProps): ReactNode {
  const { steps } = rule;
  const move = (from: number, to: number): void => {
    const next = [...steps];
    const [moved] = next.splice(from, 1);
    if (moved) next.splice(to, 0, moved);
    onChange(next);
  };
  return (
    <div className={classes.body}>
      <ol className={classes.steps}>
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place; it has no other name.
          <li key={index} className={classes.step}>
            <div className={classes.stepHead}>
              <strong>Passo {index + 1}</strong>
              <ActionIcon
                variant="subtle"
                aria-label={`Subir o passo ${index + 1}`}
                disabled={index === 0}
                onClick={() => move(index, index - 1)}
              >
                <IconArrowUp size={16} />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                aria-label={`Descer o passo ${index + 1}`}
                disabled={index === steps.length - 1}
                onClick={() => move(index, index + 1)}
              >
                <IconArrowDown size={16} />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={`Tirar o passo ${index + 1}`}
                onClick={() => onChange(steps.filter((_, each) => each !== index))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </div>
            <StepFields
              step={step}
              isFirst={index === 0}
              isLast={index === steps.length - 1}
              names={names}
              onChange={(next) => onChange(steps.map((each, place) => (place === index ? next : each)))}
            />
          </li>
        ))}
      </ol>
      <div>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPlus size={14} />}
          disabled={steps.length >= maxSteps}
          onClick={() => onChange([...steps, newStep])}
        >
          Acrescentar passo
        </Button>
      </div>
    </div>
  );
}
