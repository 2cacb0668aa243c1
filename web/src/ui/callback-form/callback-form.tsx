import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ContactState } from "@/lib/client-shapes";
import { instantAt, localDate, localTime, moment, now } from "@/lib/clock";
import { day } from "@/lib/format";
import classes from "@/ui/callback-form/callback-form.module.css";
import { nextLawful, refusalOf, usualSlots } from "@/ui/callback-form/callback-slots";
import { dateFromText, timeFromText } from "@/ui/callback-form/when-text";

interface CallbackFormProps {
  contact: Pick<ContactState, "reason" | "hours">;
  /** On the button that saves. */
  action?: string;
  onSave: (at: string) => void;
  onCancel: () => void;
}

export function CallbackForm({ contact, action = "Agendar retorno", onSave, onCancel }: CallbackFormProps): ReactNode {
  const today = localDate(now());
  const [dateText, setDateText] = useState(day(today));
  const [timeText, setTimeText] = useState("");
  const firstChip = useRef<HTMLButtonElement>(null);
  useEffect(() => firstChip.current?.focus(), []);

  const slots = usualSlots(now(), contact.hours);
  const firstLawful = slots.findIndex(({ refusal }) => refusal === null);
  const date = dateFromText(dateText, today);
  const time = timeFromText(timeText);
  const chosen = date && time ? instantAt(date, time) : null;
  // Whoever asked not to be called is not promised a call; the database refuses it, too.
  const isBlocked = contact.reason === "suppressed";
  const refusal = isBlocked
    ? "esta pessoa pediu para não receber ligações"
    : chosen && refusalOf(chosen, now(), contact.hours);
  const next = chosen && refusal && !isBlocked ? nextLawful(chosen, now(), contact.hours) : null;
  const choose = (at: Date): void => {
    setDateText(day(localDate(at)));
    setTimeText(localTime(at));
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
            // Refused ones are reached by keyboard and finger, too: pressed, they say why and what comes next.
            aria-disabled={reason !== null || isBlocked}
            title={reason ?? moment(at)}
            aria-pressed={chosen?.getTime() === at.getTime()}
            onClick={() => choose(at)}
            onDoubleClick={() => !reason && !isBlocked && onSave(at.toISOString())}
          >
            {label}
          </button>
        ))}
      </div>
      <p role="status" className={classes.refusal}>
        {isBlocked && "Esta pessoa pediu para não receber ligações."}
        {chosen && refusal && !isBlocked && `${moment(chosen)}: ${refusal}.`}
      </p>
      <div className={classes.fields}>
        <TextInput
          label="Data"
          size="xs"
          inputMode="numeric"
          autoComplete="off"
          placeholder="dd/mm"
          error={dateText !== "" && !date}
          value={dateText}
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => setDateText(event.currentTarget.value)}
          onBlur={() => date && setDateText(day(date))}
        />
        <TextInput
          label="Hora"
          size="xs"
          inputMode="numeric"
          autoComplete="off"
          placeholder="hh:mm"
          value={timeText}
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => setTimeText(event.currentTarget.value)}
          onBlur={() => time && setTimeText(time)}
        />
        {next ? (
          // Another element than the one that saves: React would turn it into that one before its click is through.
          <Button key="next" size="sm" variant="light" className={classes.save} onClick={() => choose(next)}>
            Usar {moment(next)}, o próximo permitido
          </Button>
        ) : (
          <Button key="save" type="submit" size="sm" className={classes.save} disabled={!chosen || refusal !== null}>
            {action}
          </Button>
        )}
      </div>
    </form>
  );
}
