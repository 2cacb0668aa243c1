import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { Skeleton } from "@/ui/states";
import classes from "./contact.module.css";
import { contactKey, type Hours, saveOwnHours, useOwnHours } from "./queries";
import { dayNames } from "./words";

interface Day {
  isOpen: boolean;
  opens: string;
  closes: string;
}

const usual: Day = { isOpen: false, opens: "08:00", closes: "20:00" };

function weekOf(hours: Hours[]): Day[] {
  return dayNames.map((_, place) => {
    const own = hours.find(({ weekday }) => weekday === place + 1);
    return own ? { isOpen: true, opens: own.opens.slice(0, 5), closes: own.closes.slice(0, 5) } : usual;
  });
}

export function OwnHours(): ReactNode {
  const { data: hours } = useOwnHours();
  if (!hours)
    return (
      <div className={classes.body} aria-busy="true">
        <Skeleton width="100%" height={220} />
      </div>
    );
  return <Week key={JSON.stringify(hours)} hours={hours} />;
}

/** The agency's own hours are cut with the law's: nothing written here can widen them. */
function Week({ hours }: { hours: Hours[] }): ReactNode {
  const queryClient = useQueryClient();
  const [days, setDays] = useState(weekOf(hours));
  const chosen: Hours[] = days.flatMap(({ isOpen, opens, closes }, place) =>
    isOpen ? [{ weekday: place + 1, opens, closes }] : [],
  );
  const isRight = chosen.every(({ opens, closes }) => opens !== "" && opens < closes);
  const save = useMutation({
    mutationFn: () => saveOwnHours(chosen),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: contactKey }),
  });
  const change = (place: number, change: Partial<Day>): void =>
    setDays(days.map((day, each) => (each === place ? { ...day, ...change } : day)));
  return (
    <form
      className={classes.body}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <p className={classes.note}>
        {hours.length === 0
          ? "Sem dias marcados, vale o horário da lei, inteiro. Marque os dias para atender em menos horas."
          : "Vale o que a lei permite dentro destas horas; nos dias sem marca ninguém é contatado."}
      </p>
      <ul className={classes.week}>
        {days.map((day, place) => (
          <li key={dayNames[place]}>
            <label className={classes.check}>
              <input
                type="checkbox"
                checked={day.isOpen}
                onChange={(event) => change(place, { isOpen: event.currentTarget.checked })}
              />
              {dayNames[place]}
            </label>
            {day.isOpen ? (
              <span className={classes.times}>
                <input
                  type="time"
                  required
                  aria-label={`${dayNames[place]}: das`}
                  value={day.opens}
                  onChange={(event) => change(place, { opens: event.currentTarget.value })}
                />
                às
                <input
                  type="time"
                  required
                  aria-label={`${dayNames[place]}: até`}
                  aria-invalid={day.opens >= day.closes}
                  value={day.closes}
                  onChange={(event) => change(place, { closes: event.currentTarget.value })}
                />
              </span>
            ) : (
              <span className={classes.note}>{chosen.length === 0 ? "como a lei" : "fechado"}</span>
            )}
          </li>
        ))}
      </ul>
      {!isRight && <p className={classes.note}>O fim de cada dia vem depois do começo.</p>}
      {save.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="compact-sm" loading={save.isPending} disabled={!isRight}>
          Salvar horário
        </Button>
      </div>
    </form>
  );
}
