import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useSearchParams } from "wouter";
import { localDate, now } from "@/lib/clock";
import { count, day as dayText } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { ShowMore } from "@/ui/show-more";
import { useSingleKeys } from "@/ui/single-keys";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { Key } from "@/ui/tag";
import classes from "./agenda.module.css";
import { CallbackList } from "./callback-list";
import { NextButton } from "./next-client";
import { agendaKey, useCallbacks } from "./queries";
import { ReleaseForm } from "./release-form";
import { focusFirst } from "./row-keys";
import type { AgendaFilter, CallbackPage, Whose } from "./shapes";
import { WeekView } from "./week-view";

/** In the address: whose, which view, which day. */
const whoseWords: Record<string, Whose> = { mim: "me", ninguem: "anyone", todos: "all" };
const owners: { word: string; label: string }[] = [
  { word: "mim", label: "Meus" },
  { word: "ninguem", label: "De quem puder" },
  { word: "todos", label: "De todos" },
];

export function AgendaPage(): ReactNode {
  useDocumentTitle("Agenda");
  const { tenant } = useMember();
  const [params, setParams] = useSearchParams();
  // Whoever supervises looks at everybody's first.
  const usual = useHasRole("supervisor") ? "todos" : "mim";
  const word = params.get("de") ?? usual;
  const whose = whoseWords[word] ?? "me";
  const isWeek = params.get("ver") === "semana";
  const chosenDay = params.get("dia");
  const set = (changes: Record<string, string | null>): void =>
    setParams(
      (was) => {
        for (const [key, value] of Object.entries(changes))
          if (value === null) was.delete(key);
          else was.set(key, value);
        return was;
      },
      { replace: true },
    );
  useLiveQueries(`tenant:${tenant.id}`, [agendaKey], (event) => (event === "callback_changed" ? [agendaKey] : []));
  useSingleKeys((key) => {
    const list = document.querySelector<HTMLElement>("main");
    if (key !== "ArrowDown" || !list || list.querySelector(":focus")) return false;
    focusFirst(list);
    return true;
  });
  const filter: AgendaFilter = { whose, ...(chosenDay && { from: chosenDay, to: chosenDay }) };
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Agenda</h1>
        <NextButton leaving={null} />
      </header>
      <div className={classes.filters}>
        <Choice label="De quem" value={word} options={owners} onChoose={(de) => set({ de })} />
        <span className={classes.views}>
          <Choice
            label="Visão"
            value={isWeek ? "semana" : "lista"}
            options={[
              { word: "lista", label: "Lista" },
              { word: "semana", label: "Semana" },
            ]}
            onChoose={(ver) => set({ ver: ver === "semana" ? ver : null, dia: null })}
          />
        </span>
        {chosenDay && !isWeek && (
          <Button variant="default" size="compact-sm" onClick={() => set({ dia: null })}>
            Só {dayText(chosenDay)} ✕
          </Button>
        )}
      </div>
      {isWeek ? (
        <WeekView
          whose={whose}
          day={chosenDay ?? localDate(now())}
          onWeek={(dia) => set({ dia })}
          onDay={(dia) => set({ ver: null, dia })}
        />
      ) : (
        <Listed filter={filter} />
      )}
      <ReleaseForm />
    </div>
  );
}

function Listed({ filter }: { filter: AgendaFilter }): ReactNode {
  const list = useCallbacks(filter);
  const rows = list.data?.pages.flatMap((page) => page.rows);
  if (!rows)
    return list.error ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : <PageSkeleton />;
  return (
    <>
      <Totals total={list.data?.pages[0]?.total} />
      <CallbackList rows={rows} />
      <ShowMore of={list} look="page" />
    </>
  );
}

function Totals({ total }: { total: CallbackPage["total"] | undefined }): ReactNode {
  if (!total) return null;
  return (
    <p className={classes.totals}>
      <span aria-live="polite">
        <strong className="num">{count(total.overdue)}</strong> {total.overdue === 1 ? "atrasado" : "atrasados"}
        {" · "}
        <strong className="num">{count(total.later)}</strong> por vir
      </span>
      <span className={classes.keys}>
        <Key>↑</Key> <Key>↓</Key> andam, <Key>Enter</Key> abre, <Key>C</Key> conclui, <Key>R</Key> remarca
      </span>
    </p>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: { word: string; label: string }[];
  onChoose: (word: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps): ReactNode {
  return (
    <fieldset className={classes.choice} aria-label={label}>
      {options.map((option) => (
        <button
          key={option.word}
          type="button"
          aria-pressed={option.word === value}
          onClick={() => onChoose(option.word)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}
