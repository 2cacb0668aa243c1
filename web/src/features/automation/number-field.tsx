import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { count } from "@/lib/format";

interface NumberFieldProps {
  label: string;
  value: number | null;
  min: number;
  max: number;
  /** Shown while empty, where empty means something. */
  empty?: string;
  onChange: (value: number | null) => void;
}

/** A whole number; empty is none. What is no number stays in the field, said to be wrong, and changes nothing. */
export function NumberField({ label, value, min, max, empty, onChange }: NumberFieldProps): ReactNode {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (value === null ? "" : String(value));
  const isValid = (said: string): boolean => /^\d{1,7}$/.test(said) && Number(said) >= min && Number(said) <= max;
  const isWrong = text === "" ? empty === undefined : !isValid(text);
  return (
    <TextInput
      label={label}
      inputMode="numeric"
      placeholder={empty}
      value={text}
      error={isWrong ? `De ${count(min)} a ${count(max)}` : undefined}
      onChange={(event) => {
        const said = event.currentTarget.value.trim();
        setTyped(said);
        if (said === "" && empty !== undefined) onChange(null);
        else if (isValid(said)) onChange(Number(said));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
