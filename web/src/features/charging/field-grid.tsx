import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./charging.module.css";
import { type Field, problemOf, type Texts } from "./fields";

interface FieldGridProps {
  fields: Field[];
  texts: Texts;
  onChange: (texts: Texts) => void;
}

export function FieldGrid({ fields, texts, onChange }: FieldGridProps): ReactNode {
  const set = (key: string, text: string): void => onChange({ ...texts, [key]: text });
  return (
    <div className={classes.grid}>
      {fields.map((field) => (
        <One key={field.key} field={field} text={texts[field.key] ?? ""} onChange={(text) => set(field.key, text)} />
      ))}
    </div>
  );
}

interface OneProps {
  field: Field;
  text: string;
  onChange: (text: string) => void;
}

function One({ field, text, onChange }: OneProps): ReactNode {
  if (field.kind === "yes")
    return (
      <label className={classes.check}>
        <input
          type="checkbox"
          checked={text === "yes"}
          onChange={(event) => onChange(event.currentTarget.checked ? "yes" : "")}
        />
        {field.label}
      </label>
    );
  if (field.kind === "choice")
    return (
      <NativeSelect
        label={field.label}
        value={text}
        data={field.choices ?? []}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <TextInput
      label={field.label}
      description={field.hint}
      inputWrapperOrder={["label", "input", "description", "error"]}
      inputMode={field.kind === "text" ? "text" : field.kind === "count" ? "numeric" : "decimal"}
      required={field.key === "name"}
      maxLength={80}
      value={text}
      error={problemOf(field, text)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
