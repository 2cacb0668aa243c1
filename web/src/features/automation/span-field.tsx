import { NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import classes from "./editor.module.css";
import { NumberField } from "./number-field";

interface SpanFieldProps {
  label: string;
  minutes: number | null;
  max: number;
  /** What an empty field means; without it a number is needed. */
  empty?: string;
  onChange: (minutes: number | null) => void;
}

const units = { "1": "minutos", "60": "horas", "1440": "dias" } as const;

/** The greatest unit that says it without a fraction. */
function unitOf(minutes: number): number {
  if (minutes > 0 && minutes % 1_440 === 0) return 1_440;
  return minutes > 0 && minutes % 60 === 0 ? 60 : 1;
}

export function SpanField({ label, minutes, max, empty, onChange }: SpanFieldProps): ReactNode {
  const [unit, setUnit] = useState(unitOf(minutes ?? 0));
  // A unit chosen here stays; minutes from elsewhere that it cannot say are said in minutes.
  const shown = (minutes ?? 0) % unit === 0 ? unit : 1;
  return (
    <div className={classes.span}>
      <NumberField
        label={label}
        min={0}
        max={Math.floor(max / shown)}
        value={minutes === null ? null : minutes / shown}
        {...(empty !== undefined && { empty })}
        onChange={(value) => onChange(value === null ? null : value * shown)}
      />
      <NativeSelect
        label="Unidade"
        aria-label={`${label}, unidade`}
        value={String(shown)}
        onChange={(event) => {
          const next = Number(event.currentTarget.value);
          setUnit(next);
          if (minutes) onChange(Math.min((minutes / shown) * next, max - (max % next)));
        }}
        data={Object.entries(units).map(([value, name]) => ({ value, label: name }))}
      />
    </div>
  );
}
