import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { addDays, instantAt, localDate, localTime, moment, now } from "@/lib/clock";
import classes from "./callback-form.module.css";
import { refusalOf, usualSlots } from "./callback-slots";
import type { ContactState } from "./queries";

/** Nobody schedules a call further ahead; a typo in the year would otherwise bury it. */
const horizonDays = 90;

interface CallbackFormProps {
  contact: ContactState;
  onSave: (at: string) => void;
  onCancel: () => void;
}

export function CallbackForm({ contact, onSave, onCancel }: CallbackFormProps): ReactNode {
  const today = localDate(now());
  const [date, setDate] = useState(today);
  const [time, setTime] = useState("");
  const firstChip = useRef<HTMLButtonElement>(null);
  useEffect(() => firstChip.current?.focus(), []);

  const slots = usualSlots(now(), contact.hours);
  const firstLawful = slots.findIndex(({ refusal }) => refusal === null);
  const chosen = date && time ? instantAt(date, time) : null;
  const refusal = chosen ? refusalOf(chosen, now(), contact.hours) : null;
  const choose = (at: Date): void => {
    setDate(localDate(at));
    setTime(localTime(at));
  };
  return (
    <form
      className={classes.form}
      aria-label="Horário do retorno"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen && !refusal) onSave(chosen.toISOString());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <div className={classes.chips}>
        {slots.map(({ label, at, refusal: reason }, index) => (
          <button
            key={label}
            ref={index === firstLawful ? firstChip : undefined}
            type="button"
            className={classes.chip}
            disabled={reason !== null}
            title={reason ?? moment(at)}
            aria-pressed={chosen?.getTime() === at.getTime()}
            onClick={() => choose(at)}
            onDoubleClick={() => onSave(at.toISOString())}
          >
            {label}
          </button>
        ))}
      </div>
      <div className={classes.fields}>
        <TextInput
          type="date"
          label="Data"
          size="xs"
          min={today}
          max={addDays(today, horizonDays)}
          required
          withAsterisk={false}
          value={date}
          onChange={(event) => setDate(event.currentTarget.value)}
        />
        <TextInput
          type="time"
          label="Hora"
          size="xs"
          required
          withAsterisk={false}
          value={time}
          onChange={(event) => setTime(event.currentTarget.value)}
        />
        <Button type="submit" size="sm" className={classes.save} disabled={!chosen || refusal !== null}>
          Agendar retorno
        </Button>
      </div>
      <p role="status" className={classes.refusal}>
        {chosen && refusal && `${moment(chosen)}: ${refusal}`}
      </p>
    </form>
  );
}
