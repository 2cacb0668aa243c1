import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./notification-bell.module.css";
import { type Preferences, usePreferences, useSavePreferences } from "./queries";
import { topics } from "./topics";

/** What this person wants to hear of, saved with each click. */
export function PreferencesPanel({ onBack }: { onBack: () => void }): ReactNode {
  const { data: stored, error } = usePreferences();
  const [chosen, setChosen] = useState<Preferences | null>(null);
  const { mutate, error: refusal } = useSavePreferences();
  // A box shows at once what was clicked, and what is stored when that was refused.
  const wishes = chosen ?? stored;
  const save = (wanted: Preferences): void => {
    setChosen(wanted);
    mutate(wanted, { onError: () => setChosen(null) });
  };
  const failed = error ?? refusal;
  return (
    <>
      <header className={classes.head}>
        <h2>O que me avisar</h2>
        <Button size="compact-xs" variant="subtle" onClick={onBack}>
          Voltar aos avisos
        </Button>
      </header>
      {failed && (
        <p role="alert" className={classes.error}>
          {sentenceFor(failed)}
        </p>
      )}
      {wishes && (
        <fieldset className={classes.wishes}>
          <legend className="hidden-visually">Avisos que quero receber</legend>
          {topics.map(({ topic, label }) => (
            <Wish
              key={topic}
              label={label}
              checked={!wishes.muted_topics.includes(topic)}
              onChange={(wanted) => save(choose(wishes, topic, wanted))}
            />
          ))}
          <Wish label="Falhas que eu possa resolver (sempre)" checked disabled />
          <hr />
          <Wish
            label="Som quando um retorno chega à hora"
            checked={wishes.plays_sound}
            onChange={(plays_sound) => save({ ...wishes, plays_sound })}
          />
        </fieldset>
      )}
    </>
  );
}

function choose(wishes: Preferences, topic: (typeof topics)[number]["topic"], wanted: boolean): Preferences {
  const others = wishes.muted_topics.filter((each) => each !== topic);
  return { ...wishes, muted_topics: wanted ? others : [...others, topic] };
}

interface WishProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange?: (wanted: boolean) => void;
}

function Wish({ label, checked, disabled, onChange }: WishProps): ReactNode {
  return (
    <label>
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled ?? false}
        onChange={(event) => onChange?.(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
