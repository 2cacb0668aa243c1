import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { addDays, localDate, localTime, now, weekday } from "@/lib/clock";
import { plural } from "@/lib/format";
import { ErrorState, PageSkeleton } from "@/ui/states";
import shared from "./agenda.module.css";
import { useDays } from "./queries";
import type { AgendaDay, Whose } from "./shapes";
import classes from "./week.module.css";
import { dayTitle, lawfulWords } from "./words";

interface WeekViewProps {
  whose: Whose;
  /** Any day of the week to show. */
  day: string;
  onWeek: (day: string) => void;
  onDay: (day: string) => void;
}

const days = ["domingo", "segunda", "terça", "quarta", "quinta", "sexta", "sábado"];

/** The Monday on or before a day. */
function monday(day: string): string {
  return addDays(day, -((days.indexOf(weekday(day)) + 6) % 7));
}

/** Monday to Saturday side by side, nobody is called on Sundays; a day that holds more than its column shows opens as a list. */
export function WeekView({ whose, day, onWeek, onDay }: WeekViewProps): ReactNode {
  const from = monday(day);
  const { data: week, error, refetch } = useDays({ whose, from, to: addDays(from, 5) });
  const today = localDate(now());
  return (
    <>
      <div className={classes.steps}>
        <Button variant="default" size="compact-sm" onClick={() => onWeek(addDays(from, -7))}>
          Semana anterior
        </Button>
        <Button variant="default" size="compact-sm" disabled={from === monday(today)} onClick={() => onWeek(today)}>
          Esta semana
        </Button>
        <Button variant="default" size="compact-sm" onClick={() => onWeek(addDays(from, 7))}>
          Próxima semana
        </Button>
      </div>
      {!week && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />)}
      {week && (
        <div className={classes.week}>
          {week.map((each) => (
            <Day key={each.day} {...each} isToday={each.day === today} onDay={onDay} />
          ))}
        </div>
      )}
    </>
  );
}

function Day({
  day,
  count,
  overdue,
  rows,
  isToday,
  onDay,
}: AgendaDay & { isToday: boolean; onDay: WeekViewProps["onDay"] }): ReactNode {
  const more = count > rows.length ? `Mais ${count - rows.length}, em lista` : "Abrir em lista";
  return (
    <section aria-label={dayTitle(day)} className={classes.day} data-today={isToday || undefined}>
      <h2>{dayTitle(day)}</h2>
      <p className={shared.faint}>
        {count === 0 ? "nenhum retorno" : plural(count, "retorno", "retornos")}
        {overdue > 0 && <span className={shared.late}> {plural(overdue, "atrasado", "atrasados")}</span>}
      </p>
      <ul>
        {rows.map(({ id, due_at, client, window: hours, is_overdue }) => (
          <li key={id} data-overdue={is_overdue || undefined}>
            <time dateTime={due_at}>{localTime(new Date(due_at))}</time>
            <Link href={`/atendimento/${client.id}`} title={lawfulWords(hours).text}>
              {client.name}
            </Link>
          </li>
        ))}
      </ul>
      {count > 0 && (
        <Button variant="subtle" size="compact-xs" aria-label={`${more}: ${dayTitle(day)}`} onClick={() => onDay(day)}>
          {more}
        </Button>
      )}
    </section>
  );
}
