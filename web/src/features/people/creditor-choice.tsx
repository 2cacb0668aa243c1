import { type ReactNode, useState } from "react";
import { creditorChoices, type PickedCreditor } from "@/lib/creditor-choices";
import classes from "./people.module.css";
import type { Named } from "./queries";

interface ChoiceProps {
  legend: string;
  all: Named[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Some of a short list, by keyboard and by finger alike. */
export function Choice({ legend, all, chosen, onChange }: ChoiceProps): ReactNode {
  return (
    <fieldset className={classes.choices}>
      <legend>{legend}</legend>
      {all.map(({ id, name }) => (
        <label key={id} className={classes.choice}>
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, id] : chosen.filter((each) => each !== id))
            }
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}

interface CreditorsProps {
  legend: string;
  creditors: PickedCreditor[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Inactive creditors are offered only where they were chosen before the form was opened. */
export function Creditors({ legend, creditors, chosen, onChange }: CreditorsProps): ReactNode {
  const [before] = useState(chosen);
  const all = creditorChoices(creditors, before).map(({ value, label }) => ({ id: value, name: label }));
  return <Choice legend={legend} all={all} chosen={chosen} onChange={onChange} />;
}

/** What a limit means, in words: the names, or everything. */
export function creditorWords(ids: string[] | null, creditors: Named[]): string {
  if (!ids) return "todos os credores";
  const names = creditors.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  return names.join(", ") || "nenhum credor";
}
